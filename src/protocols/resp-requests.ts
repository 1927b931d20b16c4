/** Reads Redis requests, RESP arrays of bulk strings and inline commands (Redis serialization protocol specification). */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { INCOMPLETE, type Incomplete, type Malformed } from "./protocol.js";
import type { Expects, RequestReader, SeenRequest } from "./request-reader.js";

/** Redis PROTO_INLINE_MAX_SIZE. */
const MAX_LINE = 64 * 1024;
const MAX_WORDS = 2 ** 31;
const MAX_BULK = 4 * 1024 ** 3;
/** Of the command and its first argument: the longest that means anything here, and one more. */
const KEPT_BYTES = 13;
const SHOWN = 60;
const STAR = 0x2a;
const DOLLAR = 0x24;

/** Behind these the server speaks without being asked, or is not to answer. */
const NO_ORDER: ReadonlySet<string> = new Set([
  ...["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"],
  ...["MONITOR", "SYNC", "PSYNC"],
]);

export class RespRequests implements RequestReader {
  readonly #line = new LineCollector(MAX_LINE);
  readonly #data = new CountedBlock();
  /** Bulk strings still to come; 0: a line that begins a request. */
  #left = 0;
  #inData = false;
  #word = 0;
  #bytesOfWord = 0;
  /** The first two words, in capitals. */
  readonly #words: [string, string] = ["", ""];
  #malformed: Malformed | undefined;
  begun = false;

  push(chunk: Uint8Array, start: number, end: number): Incomplete | SeenRequest | Malformed {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    if (at < end) this.begun = true;
    while (at < end) {
      const from = at;
      let ended: boolean;
      if (this.#inData) {
        at = this.#data.take(chunk, at, end);
        if (this.#word < 2) this.#keep(chunk, from, at < 0 ? end : at);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind a bulk string", "other bytes");
        this.#inData = false;
        this.#word++;
        ended = --this.#left === 0;
      } else {
        at = this.#line.take(chunk, at, end);
        if (at === OPEN) return isText(this.#line.bytes[0]!) ? INCOMPLETE : this.#unexpected();
        const step = at === BROKEN ? BROKEN : this.#endOfLine();
        if (step === BROKEN) return this.#unexpected();
        ended = step === ENDED;
        // An empty line, or an array of nothing, is no request.
        if (step === NOTHING) this.begun = at < end;
      }
      if (ended) return this.#complete(at);
    }
    return INCOMPLETE;
  }

  #endOfLine(): number {
    const line = this.#line;
    if (this.#left > 0) return this.#bulk();
    this.#word = 0;
    this.#words[0] = "";
    this.#words[1] = "";
    if (line.length === 0) return NOTHING;
    if (line.bytes[0] !== STAR) return this.#inline();
    if (line.startsWith("*-")) return NOTHING;
    this.#left = line.decimal(1, line.length, MAX_WORDS);
    if (this.#left < 0 || !line.crlf) return BROKEN;
    return this.#left === 0 ? NOTHING : STARTED;
  }

  #bulk(): number {
    const line = this.#line;
    const bytes = line.bytes[0] === DOLLAR && line.crlf ? line.decimal(1, line.length, MAX_BULK) : -1;
    if (bytes < 0) return BROKEN;
    this.#data.begin(bytes);
    this.#bytesOfWord = bytes;
    this.#inData = true;
    return STARTED;
  }

  /** Words in a line, such as a person types them. */
  #inline(): number {
    const line = this.#line;
    for (let at = 0; at < line.length; at++) if (!isText(line.bytes[at]!)) return BROKEN;
    const text = String.fromCharCode(...line.bytes.subarray(0, Math.min(line.length, 2 * KEPT_BYTES)));
    const [command = "", first = ""] = text.trim().toUpperCase().split(/\s+/);
    this.#words[0] = command;
    this.#words[1] = first;
    return command === "" ? NOTHING : ENDED;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const place = this.#word as 0 | 1;
    const most = Math.min(KEPT_BYTES, this.#bytesOfWord);
    for (let at = from; at < to && this.#words[place].length < most; at++) {
      this.#words[place] += String.fromCharCode(chunk[at]!).toUpperCase();
    }
  }

  #complete(end: number): SeenRequest {
    this.begun = false;
    return { state: "complete", end, expects: this.#expects() };
  }

  #expects(): Expects {
    const [command, first] = this.#words;
    if (command === "SHUTDOWN") return "nothing";
    return NO_ORDER.has(command) || (command === "CLIENT" && first === "REPLY") ? "no-order" : "answer";
  }

  #unexpected(): Malformed {
    return this.#fail("a Redis command", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

const STARTED = 1;
const ENDED = 2;
const NOTHING = 3;

/** What an inline command is made of; a CR may be the last byte seen of a line. */
const isText = (byte: number): boolean => byte === 0x09 || byte === 0x0d || (byte >= 0x20 && byte !== 0x7f);
