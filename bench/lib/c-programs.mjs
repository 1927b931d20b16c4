import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installed } from "./processes.mjs";

/**
 * Compiles bench/c into bench/build.
 * @param libraries such as `-lgnutls`, for all of them
 * @returns the paths by name, or undefined where there is no compiler
 */
export function compile(names, libraries = []) {
  const compiler = ["cc", "gcc", "clang"].find(installed);
  if (compiler === undefined) return undefined;
  mkdirSync(new URL("../build/", import.meta.url), { recursive: true });
  return Object.fromEntries(
    names.map((name) => {
      const [source, program] = [`../c/${name}.c`, `../build/${name}`].map((path) =>
        fileURLToPath(new URL(path, import.meta.url)),
      );
      const { status, stderr } = spawnSync(compiler, ["-O2", "-Wall", "-Wextra", "-o", program, source, ...libraries], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`${compiler} ${source}: ${stderr}`);
      return [name, program];
    }),
  );
}
