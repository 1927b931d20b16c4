import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The path of a program, or undefined. Debian keeps servers in sbin, which is not in everybody's PATH. */
export function installed(program: string): string | undefined {
  if (isAbsolute(program)) return can(program, constants.R_OK) ? program : undefined;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => can(path, constants.X_OK));
}

function can(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
