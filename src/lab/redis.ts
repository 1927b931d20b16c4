/** RESP2 (redis.io/docs/reference/protocol-spec): arrays of bulk strings, and inline commands. */
import type { Dialect, Reply } from "./dialect.js";
import { MAX_VALUE_BYTES } from "./options.js";
import type { RequestBuffer } from "./request-buffer.js";

/** PROTO_INLINE_MAX_SIZE of redis. */
const MAX_LINE = 64 * 1024;
const MAX_WORDS = 1024;

/** Every key holds `value`, except those that start with `missing`. What is set is thrown away. */
export function redis(value: Buffer): Dialect {
  let array: ArrayOnItsWay | undefined;
  return {
    next(buffer) {
      for (;;) {
        if (array !== undefined) {
          const state = array.read(buffer);
          if (state === "incomplete") return undefined;
          if (state !== "complete") return protocolError(state.broken);
          const { words } = array;
          array = undefined;
          return command(words, value);
        }
        const line = buffer.line(MAX_LINE);
        if (line === undefined) return undefined;
        if (line === "overlong") return protocolError("too big inline request");
        if (!line.text.startsWith("*")) {
          const words = line.text.split(/[ \t]+/).filter((word) => word !== "");
          if (words.length > 0) return command(words.map(latin1), value);
        } else if (!/^\*(0+|-\d+)$/.test(line.text)) {
          const count = lengthIn(line.text, MAX_WORDS);
          if (count === undefined) return protocolError("invalid multibulk length");
          array = new ArrayOnItsWay(count);
        } // else an array of nothing, which asks for nothing
      }
    },
  };
}

class ArrayOnItsWay {
  readonly words: Buffer[] = [];
  readonly #count: number;
  /** Length of the word that comes next, once it is known. */
  #bulk: number | undefined;
  #room = MAX_VALUE_BYTES;

  constructor(count: number) {
    this.#count = count;
  }

  read(buffer: RequestBuffer): "complete" | "incomplete" | { broken: string } {
    while (this.words.length < this.#count) {
      if (this.#bulk === undefined) {
        const line = buffer.line(MAX_LINE);
        if (line === undefined) return "incomplete";
        if (line === "overlong") return { broken: "too big bulk count string" };
        const [type = "\r"] = line.text;
        if (type !== "$") return { broken: `expected '$', got '${printable(type)}'` };
        this.#bulk = lengthIn(line.text, this.#room);
        if (this.#bulk === undefined) return { broken: "invalid bulk length" };
      }
      const word = buffer.take(this.#bulk + 2); // and its CRLF
      if (word === undefined) return "incomplete";
      this.words.push(word.subarray(0, this.#bulk));
      this.#room -= this.#bulk;
      this.#bulk = undefined;
    }
    return "complete";
  }
}

/** The number behind the first character, if it is one up to `most`. */
function lengthIn(line: string, most: number): number | undefined {
  const length = /^.\d{1,10}$/.test(line) ? Number(line.slice(1)) : Number.NaN;
  return length <= most ? length : undefined;
}

/** The least number of arguments, and the answer. */
type Known = readonly [least: number, answer: (args: readonly Buffer[], value: Buffer) => Buffer];

const COMMANDS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["GET", [1, ([key], value) => (isMissing(key) ? latin1("$-1\r\n") : bulkString(value))]],
  ["SET", [2, () => latin1("+OK\r\n")]],
  ["PING", [0, ([text]) => (text === undefined ? latin1("+PONG\r\n") : bulkString(text))]],
  ["ECHO", [1, ([text]) => bulkString(text)]],
  ["SELECT", [1, () => latin1("+OK\r\n")]],
  ["CONFIG", [1, () => latin1("*0\r\n")]], // redis-benchmark and some clients ask at the start
  ["QUIT", [0, () => latin1("+OK\r\n")]],
]);

function command([name = Buffer.alloc(0), ...args]: readonly Buffer[], value: Buffer): Reply {
  const spelt = printable(name.toString("latin1", 0, 60));
  const known = COMMANDS.get(spelt.toUpperCase());
  if (known === undefined) return refuses(`unknown command '${spelt}'`);
  const [least, answer] = known;
  if (args.length < least) return refuses(`wrong number of arguments for '${spelt.toLowerCase()}' command`);
  return { build: () => answer(args, value), closes: spelt.toUpperCase() === "QUIT" };
}

function protocolError(what: string): Reply {
  return refuses(`Protocol error: ${what}`, true);
}

function refuses(why: string, closes = false): Reply {
  return { build: () => latin1(`-ERR ${why}\r\n`), closes };
}

function bulkString(bytes: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([latin1(`$${bytes.length}\r\n`), bytes, latin1("\r\n")]);
}

const isMissing = (key: Buffer | undefined): boolean => key?.toString("latin1", 0, 7) === "missing";
const printable = (text: string): string => text.replace(/[^ -~]/g, "?");
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
