#!/usr/bin/env node
import { existsSync } from "node:fs";

const built = new URL("../dist/cli/main.js", import.meta.url);
try {
  const { main } = await import(built.href);
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (existsSync(built)) throw error;
  process.stderr.write("netlat: this checkout is not built yet; run: npm run build\n");
  process.exitCode = 70;
}
