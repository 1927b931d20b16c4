/**
 * Reads what memcached answers, whatever was asked (memcached doc/protocol.txt): for captures, where any command may stand before it. Who
 * knows what was asked reads more strictly (memcached.ts).
 */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { INCOMPLETE, type Incomplete, type Malformed } from "./protocol.js";

const MAX_LINE = 64 * 1024;
const MAX_VALUE = 1024 ** 3;
const SHOWN = 60;
const BLANK = 0x20;

/** First words of answers that are one line. */
const LINES: ReadonlySet<string> = new Set([
  ...["STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "OK", "VERSION", "RESET"],
  ...["ERROR", "CLIENT_ERROR", "SERVER_ERROR", "BUSY", "BADCLASS", "NOTFULL", "UNSAFE", "SAME", "NOSPARE"],
  ...["HD", "EN", "NF", "NS", "EX", "MN", "ME"],
]);
/** First words of lines that are followed by more of the same answer, up to END. */
const LISTED: ReadonlySet<string> = new Set(["STAT", "ITEM"]);

export interface ReadReply {
  readonly state: "complete";
  /** Index in the chunk behind its last byte. */
  readonly end: number;
}

export class MemcachedReplies {
  readonly #line = new LineCollector(MAX_LINE);
  readonly #data = new CountedBlock();
  #inData = false;
  /** The data that is read ends the answer: that of a meta command. */
  #last = false;
  #malformed: Malformed | undefined;

  /** Takes `chunk[start, end)`; after `complete` the caller pushes the rest again. Survives any chunking, never throws. */
  push(chunk: Uint8Array, start: number, end: number): Incomplete | ReadReply | Malformed {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    while (at < end) {
      if (this.#inData) {
        at = this.#data.take(chunk, at, end);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind the value", "other bytes");
        this.#inData = false;
        if (this.#last) return { state: "complete", end: at };
        continue;
      }
      at = this.#line.take(chunk, at, end);
      if (at === OPEN) return isCapitalOrDigit(this.#line.bytes[0]!) ? INCOMPLETE : this.#unexpected();
      if (at === BROKEN || !this.#line.crlf) return this.#unexpected();
      const step = this.#endOfLine();
      if (step === BROKEN) return this.#unexpected();
      if (step === ENDED) return { state: "complete", end: at };
    }
    return INCOMPLETE;
  }

  #endOfLine(): number {
    const line = this.#line;
    if (line.startsWith("VALUE ")) return this.#begin(3, false);
    if (line.startsWith("VA ")) return this.#begin(1, true);
    if (line.equals("END") || line.decimal(0, line.length, Number.MAX_VALUE) >= 0) return ENDED;
    const word = firstWord(line);
    if (LISTED.has(word)) return GOES_ON;
    return LINES.has(word) ? ENDED : BROKEN;
  }

  /** Data follows, of as many bytes as this word of the line says, from 0. */
  #begin(place: number, last: boolean): number {
    const line = this.#line;
    let from = 0;
    for (let word = 0; word < place; word++) from = line.bytes.indexOf(BLANK, from) + 1;
    let to = from;
    while (to < line.length && line.bytes[to] !== BLANK) to++;
    const bytes = line.decimal(from, to, MAX_VALUE);
    if (bytes < 0) return BROKEN;
    this.#data.begin(bytes);
    this.#inData = true;
    this.#last = last;
    return GOES_ON;
  }

  #unexpected(): Malformed {
    return this.#fail("a memcached answer", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

const ENDED = 1;
const GOES_ON = 2;

function firstWord(line: LineCollector): string {
  let text = "";
  for (let at = 0; at < line.length && line.bytes[at] !== BLANK && at < 16; at++)
    text += String.fromCharCode(line.bytes[at]!);
  return text;
}

const isCapitalOrDigit = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
