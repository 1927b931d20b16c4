/** Domain names on the wire (RFC 1035 sections 2.3.4, 3.1 and 4.1.4). In text a label's other octets stand as `\DDD`. */

const MOST_LABEL = 63;
/** With the length octets, the root's included. */
const MOST_NAME = 255;
/** As many as a name can have labels: more lead nowhere. */
const MOST_POINTERS = 127;
/** The two high bits of a length octet: a pointer to an earlier name. */
const POINTER = 0xc0;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/**
 * @param text such as `example.com` or `example.com.`; `.` is the root
 * @returns undefined: no name; a label is empty or has above 63 octets, the whole above 255, or a character is not printable ASCII
 */
export function encodeName(text: string): Uint8Array | undefined {
  const labels = text === "." ? [] : text.replace(/\.$/, "").split(".");
  if (!labels.every((label) => label.length <= MOST_LABEL && /^[!-[\]-~]+$/.test(label))) return undefined;
  const bytes = Uint8Array.from([
    ...labels.flatMap((label) => [label.length, ...Array.from(label, (character) => character.charCodeAt(0))]),
    0,
  ]);
  return bytes.length <= MOST_NAME ? bytes : undefined;
}

export interface ReadName {
  /** Without the dot at its end; the root is `.`. */
  readonly text: string;
  /** Just behind the name where it stands, whatever it points to. */
  readonly end: number;
}

/**
 * Follows compression. Every pointer must lead to before the part of the name that it stands in, so that no name is without end.
 * @param message whole, from its ID on: pointers count from there
 * @returns undefined: no name at `start`
 */
export function readName(message: Uint8Array, start: number): ReadName | undefined {
  const labels: string[] = [];
  let at = start;
  let partStart = start;
  let end: number | undefined;
  let bytes = 1;
  let pointers = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { text: labels.length === 0 ? "." : labels.join("."), end: end ?? at + 1 };
    if ((length & POINTER) === POINTER) {
      const low = message[at + 1];
      if (low === undefined) return undefined;
      const to = ((length & ~POINTER) << 8) | low;
      if (to >= partStart || ++pointers > MOST_POINTERS) return undefined;
      end ??= at + 2;
      partStart = to;
      at = to;
      continue;
    }
    bytes += length + 1;
    if (length > MOST_LABEL || bytes > MOST_NAME || at + 1 + length > message.length) return undefined;
    labels.push(labelText(message, at + 1, at + 1 + length));
    at += 1 + length;
  }
}

function labelText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, "0")}`;
  }
  return text;
}
