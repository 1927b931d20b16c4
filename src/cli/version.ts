import { readFileSync } from "node:fs";

/** The version in the package's own package.json, two folders up from src/cli and dist/cli alike. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
