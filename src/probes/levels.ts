/** The levels of the experiment's factors, from the command line to what a socket is told. Pure. */
import { usageError } from "../errors.js";
import type { QuickAck } from "./probe.js";

export type Switch = "on" | "off";

/**
 * How a request is cut into writes: one write, where its fields end, every byte alone, a number of pieces of nearly equal
 * size, or ascending offsets.
 */
export type SplitLevel = "none" | "fields" | "each" | FrameSplit | number | readonly number[];
/** HTTP/2 only: HEADERS and DATA apart, or every frame alone. */
type FrameSplit = "headers-data" | "frames";

const SPLIT_REMEDY = "use none, a number from 2, offsets such as 4,10, fields, or each";
const SWITCHES = ["on", "off"] as const satisfies readonly Switch[];
const QUICKACKS = ["default", "on", "off"] as const satisfies readonly QuickAck[];

/**
 * Reads `on`, `off` or `on,off`, each level once, in the order given.
 * @param flag as the user typed it, such as `--nagle`
 * @throws NetlatError (exit 2)
 */
export function parseOnOff(text: string, flag: string): Switch[] {
  return choose(text, flag, SWITCHES, "use on, off or on,off");
}

/**
 * Reads `default`, `on`, `off` or several of them with commas between.
 * @throws NetlatError (exit 2)
 */
export function parseQuickack(text: string, flag: string): QuickAck[] {
  return choose(text, flag, QUICKACKS, "use default, on, off, or several such as default,on");
}

function choose<L extends string>(text: string, flag: string, accepted: readonly L[], remedy: string): L[] {
  const levels = text.split(",").map((word) => accepted.find((level) => level === word.trim()));
  if (!levels.every((level) => level !== undefined)) throw usageError(`${flag} ${text}: not a level; ${remedy}`);
  return [...new Set(levels)];
}

/**
 * Reads the levels of `--split`.
 *
 *     levels   = offsets / level *( "," level )
 *     level    = "none" / "fields" / "each" / "headers-data" / "frames" / pieces / joined
 *     pieces   = a whole number from 2
 *     offsets  = number 1*( "," number )          nothing but numbers, ascending: ONE level, cut at each of them
 *     joined   = number 1*( "+" number ) / "+" number
 *
 * The comma stands both between levels and between offsets; so a list of nothing but numbers is one level of offsets (`4,10`
 * cuts behind byte 4 and byte 10), in a list with a word a number is a count of pieces (`none,3`), and offsets among other
 * levels are joined by plus signs (`none,4+10`; a single offset is `+4`). Several counts: repeat the flag, `--split 2 --split 3`.
 * @param earlier levels of the same flag given before it; duplicates are dropped
 * @throws NetlatError (exit 2)
 */
export function parseSplit(text: string, earlier: readonly SplitLevel[] = []): SplitLevel[] {
  const words = text.split(",").map((word) => word.trim());
  const onlyNumbers = words.length > 1 && words.every((word) => /^\d+$/.test(word));
  const levels = onlyNumbers ? [parseOffsets(words, text)] : words.map((word) => parseSplitLevel(word, text));
  const byLabel = new Map([...earlier, ...levels].map((level) => [splitLabel(level), level]));
  return [...byLabel.values()];
}

function parseSplitLevel(word: string, text: string): SplitLevel {
  if (word === "none" || word === "fields" || word === "each" || word === "headers-data" || word === "frames")
    return word;
  if (/^\+\d+$|^\d+(\+\d+)+$/.test(word))
    return parseOffsets(word.split("+").slice(word.startsWith("+") ? 1 : 0), text);
  if (!/^\d+$/.test(word)) throw usageError(`--split ${text}: no way to cut a request; ${SPLIT_REMEDY}`);
  const pieces = Number(word);
  if (pieces < 2) {
    const what = pieces === 0 ? "cannot be cut into 0 pieces" : "in 1 piece is not cut";
    throw usageError(`--split ${text}: a request ${what}; ${SPLIT_REMEDY}`);
  }
  return pieces;
}

function parseOffsets(words: readonly string[], text: string): readonly number[] {
  const offsets = words.map(Number);
  if (offsets[0] === 0)
    throw usageError(`--split ${text}: a cut at offset 0 leaves an empty piece; offsets start at 1`);
  const descends = offsets.some((offset, at) => at > 0 && offset <= (offsets[at - 1] as number));
  if (descends) {
    throw usageError(
      `--split ${text}: offsets must ascend, such as 4,10; for several numbers of pieces repeat the flag, such as --split 2 --split 3`,
    );
  }
  return offsets;
}

/** What the level is called in ids and factors: `none`, 3, `4+10`, `+4`. A number of pieces stays a number. */
export function splitLabel(level: SplitLevel): string | number {
  if (typeof level !== "object") return level;
  return level.length === 1 ? `+${level[0]}` : level.join("+");
}

/**
 * Where a request of this length is cut.
 * @param fields offsets at which a client that writes field by field would cut it; a protocol without fields has none
 * @param frames offsets between HTTP/2 frames; undefined: the protocol has no frames
 * @returns ascending offsets, 0 < offset < requestLength; empty: one write
 * @throws NetlatError (exit 2) when the request is too short for the level
 */
export function cutsFor(
  split: SplitLevel,
  requestLength: number,
  fields: readonly number[],
  frames?: readonly number[],
): number[] {
  if (split === "none") return [];
  if (split === "headers-data" || split === "frames") {
    if (frames === undefined) throw usageError(`--split ${split}: is for HTTP/2 and gRPC; ${SPLIT_REMEDY}`);
    if (frames.length === 0) throw usageError(`--split ${split}: the request is one frame; give it a body with --data`);
    return split === "frames" ? [...frames] : [...fields];
  }
  if (split === "fields") return [...fields];
  if (typeof split === "object") {
    const outside = split.find((offset) => offset >= requestLength);
    if (outside === undefined) return [...split];
    const label = split.length === 1 ? splitLabel(split) : split.join(",");
    const remedy =
      requestLength > 1 ? `use offsets from 1 to ${requestLength - 1}` : `${bytes(requestLength)} cannot be cut`;
    throw usageError(
      `--split ${label}: offset ${outside} is not inside the request of ${bytes(requestLength)}; ${remedy}`,
    );
  }
  const pieces = split === "each" ? requestLength : split;
  if (pieces > requestLength) {
    throw usageError(
      `--split ${split}: the request has only ${bytes(requestLength)}; use at most ${requestLength} pieces, or make it larger with --payload-size`,
    );
  }
  return Array.from({ length: Math.max(0, pieces - 1) }, (_, at) => Math.floor(((at + 1) * requestLength) / pieces));
}

const bytes = (count: number): string => `${count} byte${count === 1 ? "" : "s"}`;
