// Builds dist/ with plain tsc. `npm ci` runs it through `prepare`. A failed build leaves no dist/, so that nothing takes it for built.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const built = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json", "--noEmitOnError"], {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
});
process.exitCode = built.status ?? 1;
