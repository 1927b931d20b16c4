/** Plain text on a terminal: how wide it stands, where it may break, and what of it is safe to show. */
import { stripVTControlCharacters } from "node:util";
import type { Report } from "../report/model.js";

const ZERO_WIDTH = /^[\p{M}\p{Cf}]$/u;
/** Wide and Fullwidth of Unicode's EastAsianWidth.txt, by their blocks, and emoji. */
const DOUBLE_WIDTH =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/** Terminal columns that the text takes; colour sequences take none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

export const padEnd = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - displayWidth(text)));

/** Uncoloured text cut to a width, with a mark where something is missing. */
export function truncate(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const room = Math.max(0, width - displayWidth(ellipsis));
  return room === 0 ? head(text, width) : head(text, room) + ellipsis;
}

function head(text: string, width: number): string {
  let taken = "";
  let left = width;
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    taken += character;
  }
  return taken;
}

/** A number is not parted from its unit. */
const QUANTITY = /(\d) (?=(?:ns|us|ms|s|min|B|KiB|MiB|%)(?![A-Za-z0-9]))/g;
const GLUE = "\u00a0";

/** Uncoloured text broken between words into lines of at most `width` columns; a longer word is broken where it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text
    .replaceAll(QUANTITY, `$1${GLUE}`)
    .split(" ")
    .filter((part) => part !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (displayWidth(line) > width) {
      const piece = head(line, Math.max(2, width));
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines.map((finished) => finished.replaceAll(GLUE, " "));
}

/**
 * A paragraph that hangs from a label: the first line after `label`, the others below its text.
 * @param paint colours each finished line of the text
 */
export function hang(
  label: string,
  text: string,
  width: number,
  paint: (line: string) => string = (line) => line,
): string[] {
  const indent = displayWidth(label);
  return wrap(text, width - indent).map((line, at) => (at === 0 ? label : " ".repeat(indent)) + paint(line));
}

const ASCII: Readonly<Record<string, string>> = {
  "×": "x",
  "·": "-",
  "–": "-",
  "—": "-",
  "−": "-",
  "…": "...",
  "→": "->",
  "≥": ">=",
  "≤": "<=",
  "≈": "~",
  "±": "+/-",
  µ: "u",
  λ: "lambda",
  "‘": "'",
  "’": "'",
  "“": '"',
  "”": '"',
  "\u00a0": " ",
};

/**
 * Text from a server, a user or a file made harmless: control characters, escape sequences, bidirectional and invisible
 * characters stand as visible escapes (`\x1b`). Without `unicode`, everything beyond ASCII does too.
 */
export function harmless(text: string, unicode: boolean): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
  if (unicode) return safe;
  return safe.replaceAll(/[^ -~]/gu, (character) => ASCII[character] ?? escaped(character));
}

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`);
}

/** The report with every text in it harmless, so that no section of a renderer can forget it. */
export function harmlessReport(report: Report, unicode: boolean): Report {
  return harmlessValue(report, unicode) as Report;
}

function harmlessValue(value: unknown, unicode: boolean): unknown {
  if (typeof value === "string") return harmless(value, unicode);
  if (Array.isArray(value)) return value.map((item) => harmlessValue(item, unicode));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, item]) => [harmless(key, unicode), harmlessValue(item, unicode)]);
  return Object.fromEntries(entries);
}
