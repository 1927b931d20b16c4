/** What a peer sent or a user typed, made safe to show: one line, no control characters, bounded. */

const MAX_SHOWN = 120;

/** Bytes as text: printable ASCII as it is, the rest as `\r`, `\n`, `\t` or `\xNN`; at most `limit` characters. */
export function printableBytes(bytes: Uint8Array, start: number, end: number, limit: number = MAX_SHOWN): string {
  let text = "";
  for (let at = start; at < end; at++) {
    const shown = printableByte(bytes[at]!);
    // Leave room to say that there was more.
    if (text.length + shown.length > (at + 1 < end ? limit - 3 : limit)) return `${text}...`;
    text += shown;
  }
  return text;
}

/** Text with its control characters written as escapes, at most `limit` characters. */
export function printable(text: string, limit: number = MAX_SHOWN): string {
  let shown = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    shown += code < 0x20 || (code >= 0x7f && code < 0xa0) ? printableByte(code) : character;
    if (shown.length > limit) return `${shown.slice(0, limit - 3)}...`;
  }
  return shown;
}

function printableByte(byte: number): string {
  if (byte === 0x0d) return "\\r";
  if (byte === 0x0a) return "\\n";
  if (byte === 0x09) return "\\t";
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
