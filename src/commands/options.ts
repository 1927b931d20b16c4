/**
 * Option parsers that every command shares. A value is read once, where commander meets it, and is typed from there on; what it
 * cannot read is one sentence that names the option, the value and what is accepted.
 */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { Option } from "commander";
import { usageError } from "../errors.js";
import { type Ns, parseDuration } from "../units/duration.js";
import { FORMATS } from "./ui.js";

/** Reads the text of an option; `name` stands in the error. `parseDuration`, `parseRate` and `parseSize` of src/units are readers. */
export type Reader<T> = (text: string, name: string) => T;

/**
 * An option whose value `read` has read.
 * @param flags with a required value, as `--rate <rate>`: commander then passes any next word on, even `-1`
 * @param fallback the default, as the user would write it
 */
export function option<T>(flags: string, description: string, read: Reader<T>, fallback?: string): Option {
  const made = new Option(flags, description);
  const name = made.long ?? flags;
  made.argParser((text: string) => read(text, name));
  return fallback === undefined ? made : made.default(read(fallback, name), fallback);
}

/** A duration above 0. */
export const readPositiveDuration: Reader<Ns> = (text, name) => {
  const duration = parseDuration(text, name);
  if (duration > 0) return duration;
  throw usageError(`${name} ${text}: must be longer than 0, such as 250us, 40ms or 2s`);
};

/** A whole number from `least` to `most`. */
export function readCount(least = 1, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (text, name) => {
    const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(count) && count >= least && count <= most) return count;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw usageError(`${name} ${text}: not a whole number ${range}`);
  };
}

/** One word of a closed set. */
export function readChoice<const C extends string>(choices: readonly C[]): Reader<C> {
  return (text, name) => {
    const choice = choices.find((candidate) => candidate === text.trim());
    if (choice !== undefined) return choice;
    throw usageError(`${name} ${text}: not accepted; use ${either(choices)}`);
  };
}

/** A switch that is a word: `on` or `off`. */
export const readSwitch: Reader<boolean> = (text, name) => readChoice(["on", "off"])(text, name) === "on";

/** A file to write, `-` for standard output. Looked at before the work starts, so that a long run is not lost to a typing error. */
export const readOutputFile: Reader<string> = (path, name) => {
  if (path === "-") return path;
  if (path === "") throw usageError(`${name}: the file's name is empty`);
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw usageError(`${name} ${path}: is a folder; name a file`);
  try {
    accessSync(existing === undefined ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such folder" : "it may not be written to";
    throw usageError(`${name} ${path}: ${why}; name a file in a folder that exists and that you may write to`);
  }
  return path;
};

export const formatOption = (): Option =>
  option("-f, --format <format>", `how the report is written: ${either(FORMATS)}`, readChoice(FORMATS), "table");
export const outputOption = (): Option =>
  option("-o, --output <file>", "write the report to a file, - for standard output", readOutputFile);
export const hlogOption = (): Option =>
  option("--hlog <file>", "write an HdrHistogram log, readable by Java's HdrHistogram", readOutputFile);

/** `a, b or c`. */
function either(words: readonly string[]): string {
  const head = words.slice(0, -1);
  return head.length === 0 ? words.join() : `${head.join(", ")} or ${words.at(-1)}`;
}
