/** Reads memcached's requests, the text protocol with its meta commands (memcached doc/protocol.txt). */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { INCOMPLETE, type Incomplete, type Malformed } from "./protocol.js";
import type { Expects, RequestReader, SeenRequest } from "./request-reader.js";

/** A `get` may name thousands of keys. */
const MAX_LINE = 1 << 20;
const MAX_VALUE = 1024 ** 3;
const MAX_WORD = 16;
const SHOWN = 60;
const BLANK = 0x20;

/** Commands whose line is followed by data, and which of its words, from 0, is the data's length. */
const LENGTH_AT: Readonly<Record<string, number>> = {
  set: 4,
  add: 4,
  replace: 4,
  append: 4,
  prepend: 4,
  cas: 4,
  ms: 2,
};
const META = ["mg", "ms", "md", "ma"];
const SILENT = ["quit", "shutdown"];
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(LENGTH_AT),
  ...META,
  ...SILENT,
  ...["get", "gets", "gat", "gats", "delete", "incr", "decr", "touch", "mn", "me"],
  ...["stats", "version", "verbosity", "flush_all", "slabs", "lru", "lru_crawler", "cache_memlimit", "watch"],
]);

export class MemcachedRequests implements RequestReader {
  readonly #line = new LineCollector(MAX_LINE);
  readonly #data = new CountedBlock();
  #expects: Expects = "answer";
  #inData = false;
  #malformed: Malformed | undefined;
  begun = false;

  push(chunk: Uint8Array, start: number, end: number): Incomplete | SeenRequest | Malformed {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    if (at < end) this.begun = true;
    while (at < end) {
      if (this.#inData) {
        at = this.#data.take(chunk, at, end);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind the data", "other bytes");
        return this.#complete(at);
      }
      at = this.#line.take(chunk, at, end);
      // A first byte that begins no command is told at once, not when a megabyte of it has come.
      if (at === OPEN) return isLetter(this.#line.bytes[0]!) ? INCOMPLETE : this.#unexpected();
      if (at === BROKEN || !this.#command()) return this.#unexpected();
      if (!this.#inData) return this.#complete(at);
    }
    return INCOMPLETE;
  }

  /** The line is whole. @returns whether it is one that is known */
  #command(): boolean {
    const line = this.#line;
    const name = wordAt(line, 0);
    if (!KNOWN.has(name)) return false;
    this.#expects = expected(line, name);
    const place = LENGTH_AT[name];
    if (place === undefined) return true;
    const bytes = numberAt(line, place);
    this.#data.begin(bytes);
    this.#inData = true;
    return bytes >= 0;
  }

  #complete(end: number): SeenRequest {
    this.#inData = false;
    this.begun = false;
    return { state: "complete", end, expects: this.#expects };
  }

  #unexpected(): Malformed {
    return this.#fail("a memcached command", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

function expected(line: LineCollector, name: string): Expects {
  if (SILENT.includes(name)) return "nothing";
  if (name === "watch" || (name === "lru_crawler" && line.startsWith("lru_crawler m"))) return "no-order";
  // The flag q leaves out the answer when it says nothing new: whether it comes, the request does not tell.
  if (META.includes(name)) return hasFlag(line, "q") ? "no-order" : "answer";
  return endsIn(line, " noreply") ? "nothing" : "answer";
}

/** Start of the word with this number, from 0; the line's end where it has fewer. */
function startOf(line: LineCollector, number: number): number {
  let at = 0;
  for (let word = 0; word < number; word++) at = behindBlanks(line, endOf(line, at));
  return at;
}

function endOf(line: LineCollector, start: number): number {
  let at = start;
  while (at < line.length && line.bytes[at] !== BLANK) at++;
  return at;
}

function behindBlanks(line: LineCollector, start: number): number {
  let at = start;
  while (at < line.length && line.bytes[at] === BLANK) at++;
  return at;
}

function wordAt(line: LineCollector, number: number): string {
  const start = startOf(line, number);
  const end = endOf(line, start);
  return end - start > MAX_WORD ? "" : String.fromCharCode(...line.bytes.subarray(start, end));
}

function numberAt(line: LineCollector, number: number): number {
  const start = startOf(line, number);
  return line.decimal(start, endOf(line, start), MAX_VALUE);
}

/** A word behind the key is this flag. */
function hasFlag(line: LineCollector, flag: string): boolean {
  for (let at = startOf(line, 2); at < line.length; at = behindBlanks(line, endOf(line, at))) {
    if (line.bytes[at] === flag.charCodeAt(0)) return true;
  }
  return false;
}

const endsIn = (line: LineCollector, text: string): boolean =>
  line.length >= text.length && line.agreesWith(text, line.length - text.length);

const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a;
