/** The memcached text protocol, as far as a probe goes: get, gets, set, version, quit (memcached's doc/protocol.txt). */
import type { Dialect, Reply } from "./dialect.js";
import { MAX_VALUE_BYTES } from "./options.js";
import type { RequestBuffer } from "./request-buffer.js";

/** As memcached itself: longer lines without an end are an attack. */
const MAX_LINE = 2048;
const MAX_KEY = 250;

/** Every key holds `value`, except those that start with `missing`. What is set is thrown away. */
export function memcached(value: Buffer): Dialect {
  let storing: Storing | undefined;
  return {
    next(buffer) {
      for (;;) {
        if (storing === undefined) {
          const line = buffer.line(MAX_LINE);
          if (line === undefined) return undefined;
          if (line === "overlong") return says("CLIENT_ERROR line too long", true);
          const words = line.text.split(" ").filter((word) => word !== "");
          const answer = words[0] === "set" ? readSet(words) : command(words, value);
          if ("build" in answer) return answer;
          storing = answer;
        }
        if (!hasCome(storing, buffer)) return undefined;
        const end = buffer.take(2);
        if (end === undefined) return undefined;
        const { outcome, noreply } = storing;
        storing = undefined;
        if (end.toString("latin1") !== "\r\n") return says("CLIENT_ERROR bad data chunk");
        if (!noreply) return says(outcome);
      }
    },
  };
}

/** A `set` whose value is on its way. */
interface Storing {
  left: number;
  readonly noreply: boolean;
  readonly outcome: string;
}

function hasCome(storing: Storing, buffer: RequestBuffer): boolean {
  storing.left -= buffer.drop(storing.left);
  return storing.left === 0;
}

/** `set <key> <flags> <exptime> <bytes> [noreply]` */
function readSet(words: readonly string[]): Storing | Reply {
  const [, key = "", flags = "", expires = "", bytes = "", noreply] = words;
  if (key.length > MAX_KEY || !/^\d+$/.test(flags) || !/^-?\d+$/.test(expires) || !/^\d{1,10}$/.test(bytes)) {
    return says("CLIENT_ERROR bad command line format");
  }
  const left = Number(bytes);
  const outcome = left > MAX_VALUE_BYTES ? "SERVER_ERROR object too large for cache" : "STORED";
  return { left, noreply: noreply === "noreply", outcome };
}

function command([name, ...keys]: readonly string[], value: Buffer): Reply {
  if (name === "version") return says("VERSION netlat-lab");
  if (name === "quit") return { build: () => Buffer.alloc(0), closes: true };
  if ((name !== "get" && name !== "gets") || keys.length === 0) return says("ERROR");
  if (keys.some((key) => key.length > MAX_KEY)) return says("CLIENT_ERROR bad command line format");
  if (keys.length * value.length > MAX_VALUE_BYTES) return says("SERVER_ERROR out of memory writing get response");
  return { build: () => values(keys, name === "gets" ? " 1" : "", value), closes: false };
}

function values(keys: readonly string[], unique: string, value: Buffer): Buffer {
  const found = keys.filter((key) => !key.startsWith("missing"));
  const items = found.flatMap((key) => [latin1(`VALUE ${key} 0 ${value.length}${unique}\r\n`), value, CRLF]);
  return Buffer.concat([...items, END]);
}

function says(line: string, closes = false): Reply {
  return { build: () => latin1(`${line}\r\n`), closes };
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const CRLF = latin1("\r\n");
const END = latin1("END\r\n");
