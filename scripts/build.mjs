// Builds dist/ with plain tsc. `npm ci` runs it through `prepare`.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const built = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
});
process.exitCode = built.status ?? 1;
