/** Redis requests: RESP arrays of bulk strings, and inline commands (Redis serialization protocol specification). */
import { protocolOf, utf8 } from "./pieces.js";
import type { Protocol, RequestSpec } from "./protocol.js";
import { RespAnswers } from "./resp-reader.js";

type RedisSpec = Extract<RequestSpec, { protocol: "redis" }>;

/**
 * Pieces of RESP: the array's header, then each bulk string with its own header (`*2\r\n`, `$3\r\nGET\r\n`, `$7\r\nsomekey\r\n`).
 * Pieces of an inline command: the command word with its space, the arguments, the line end.
 */
export function redis(spec: RedisSpec): Protocol {
  const pieces = spec.style === "resp" ? respPieces(spec.words) : inlinePieces(spec.words);
  return protocolOf("redis", pieces, () => new RespAnswers());
}

function respPieces(words: readonly string[]): Uint8Array[] {
  return [utf8(`*${words.length}\r\n`), ...words.map((word) => utf8(`$${utf8(word).length}\r\n${word}\r\n`))];
}

function inlinePieces(words: readonly string[]): Uint8Array[] {
  const [command = "", ...rest] = words.map(quoted);
  return [utf8(rest.length > 0 ? `${command} ` : command), utf8(rest.join(" ")), utf8("\r\n")];
}

/** As Redis' sdssplitargs() reads it: a plain word as it is, anything else in double quotes with escapes. */
function quoted(word: string): string {
  // A leading * would make the line a RESP array.
  if (/^[!#-&(-)+-~][!#-&(-~]*$/.test(word) && !word.includes("\\")) return word;
  let text = "";
  for (const byte of utf8(word)) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"`;
}
