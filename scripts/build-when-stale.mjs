// Builds dist/ when it is missing or older than what it is made from: src/, its folders (a deleted file) and the compiler's settings.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @returns {number[]} modification times of `path` and all below it */
function times(path, wanted) {
  const own = statSync(path);
  const below = own.isDirectory() ? readdirSync(path).flatMap((name) => times(`${path}/${name}`, wanted)) : [];
  return wanted(own) ? [own.mtimeMs, ...below] : below;
}

export function isStale() {
  if (!existsSync(`${root}dist/cli`)) return true;
  const oldestOutput = Math.min(...times(`${root}dist`, (entry) => entry.isFile()));
  const newestInput = Math.max(...["src", "tsconfig.json"].flatMap((input) => times(root + input, () => true)));
  return newestInput > oldestOutput;
}

/** @returns {boolean} false: the build failed, and has said why */
export function buildWhenStale() {
  if (!isStale()) return true;
  console.log("dist/ is missing or older than src/: building");
  return spawnSync(process.execPath, [`${root}scripts/build.mjs`], { cwd: root, stdio: "inherit" }).status === 0;
}
