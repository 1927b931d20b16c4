/** Bytes as a person types them on a command line: `--send`, `--send-hex`, `--expect`. */
import { usageError } from "../errors.js";
import { utf8 } from "./pieces.js";
import { printable } from "./printable.js";
import type { Expectation } from "./protocol.js";

const ESCAPES: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, "0": 0x00, "\\": 0x5c };

/**
 * Reads text with the escapes `\r \n \t \0 \xNN \\`; other characters stand for their UTF-8 bytes.
 * @param name what the value is called in the error message, such as `--send`
 * @throws NetlatError (exit 2)
 */
export function unescapeBytes(text: string, name: string): Uint8Array {
  const bytes: number[] = [];
  for (const part of text.match(/\\x[0-9a-fA-F]{2}|\\[^x]|\\x?|[^\\]+/gs) ?? []) {
    if (!part.startsWith("\\")) {
      for (const byte of utf8(part)) bytes.push(byte);
      continue;
    }
    const byte = part.length === 4 ? Number.parseInt(part.slice(2), 16) : ESCAPES[part.slice(1)];
    if (byte === undefined) {
      throw usageError(
        `${name} ${printable(text)}: ${printable(part)} is not an escape; accepted are \\r \\n \\t \\0 \\xNN and \\\\`,
      );
    }
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Reads pairs of hex digits, blanks between them allowed. @throws NetlatError (exit 2) */
export function parseHex(text: string, name: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (digits === "" || digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw usageError(`${name} ${printable(text)}: not bytes in hex; write pairs of hex digits, such as 70696e670a`);
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Reads `bytes:N`, `line`, `until:TEXT` (with the escapes of `--send`), `regex:RE`. @throws NetlatError (exit 2) */
export function parseExpectation(text: string, name: string): Expectation {
  const [, rule, value = ""] = /^(bytes|line|until|regex)(?::(.*))?$/s.exec(text) ?? [];
  const complaint = (what: string): Error => usageError(`${name} ${printable(text)}: ${what}`);
  if (rule === "line" && text === "line") return { until: "line" };
  if (rule === "bytes") {
    const count = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (count >= 1 && Number.isSafeInteger(count)) return { until: "bytes", count };
    throw complaint("bytes takes a whole number from 1, such as bytes:5");
  }
  if (rule === "until") {
    const bytes = unescapeBytes(value, `${name} until:`);
    if (bytes.length === 0) throw complaint("until takes the text that ends an answer, such as until:END\\r\\n");
    return { until: "text", text: Buffer.from(bytes).toString("latin1") };
  }
  if (rule === "regex") return { until: "regex", source: checkedRegex(value, complaint) };
  throw complaint("accepted are bytes:N, line, until:TEXT and regex:RE");
}

function checkedRegex(source: string, complaint: (what: string) => Error): string {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^Invalid regular expression: /, "");
    throw complaint(`not a JavaScript regular expression: ${printable(why)}`);
  }
  if (pattern.test(""))
    throw complaint("this regular expression matches nothing at all; write one that needs the end of an answer");
  return source;
}

/** Characters that end a word or a line in text protocols: blanks, C0 controls, DEL. */
export function hasControlOrSpace(text: string): boolean {
  return [...text].some((character) => character <= " " || character === "\x7f");
}
