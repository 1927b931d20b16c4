/** memcached's text protocol (memcached doc/protocol.txt): `get`, `version`, `set`. */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { filler, protocolOf, utf8 } from "./pieces.js";
import {
  type AnswerReader,
  type AnswerState,
  INCOMPLETE,
  type Malformed,
  type Protocol,
  type RequestSpec,
} from "./protocol.js";

type MemcachedSpec = Extract<RequestSpec, { protocol: "memcached" }>;

/** Longer than any answer line: a key of 250 bytes, flags, length and cas; an error text. */
const MAX_LINE = 2048;
/** The largest item size that memcached can be started with (`-I 1g`). */
const MAX_VALUE = 1024 ** 3;
const SHOWN = 60;

/**
 * Pieces as in the case that netlat was born from: the command word, the key and the line end each in a `write` of its own;
 * `set`: the command line, the data, the line end.
 */
export function memcached(spec: MemcachedSpec): Protocol {
  return protocolOf("memcached", piecesOf(spec), () => new MemcachedAnswers());
}

function piecesOf(spec: MemcachedSpec): Uint8Array[] {
  switch (spec.command) {
    case "get":
      return [utf8("get "), utf8(spec.key), utf8("\r\n")];
    case "version":
      return [utf8("version"), utf8("\r\n")];
    case "set":
      return [utf8(`set ${spec.key} 0 0 ${spec.payloadBytes}\r\n`), filler(spec.payloadBytes), utf8("\r\n")];
  }
}

/** Answers to storing, touching, deleting and versions that end with their one line. */
const DONE = ["STORED", "DELETED", "TOUCHED", "OK"];
/** A normal answer that nothing was there, or nothing was done. */
const NOT_DONE = ["NOT_FOUND", "NOT_STORED", "EXISTS"];

/** An answer is one line, or any number of `VALUE <key> <flags> <bytes> [<cas>]` with their data, then END. */
class MemcachedAnswers implements AnswerReader {
  readonly #line = new LineCollector(MAX_LINE);
  readonly #data = new CountedBlock();
  #inData = false;
  #values = 0;
  #malformed: Malformed | undefined;

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    while (at < end) {
      if (this.#inData) {
        at = this.#data.take(chunk, at, end);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind the value", "other bytes");
        this.#inData = false;
        continue;
      }
      at = this.#line.take(chunk, at, end);
      if (at === BROKEN) return this.#unexpected();
      if (at === OPEN) return isUpper(this.#line.bytes[0]!) ? INCOMPLETE : this.#unexpected();
      const state = this.#endOfLine(at);
      if (state !== INCOMPLETE) return state;
    }
    return INCOMPLETE;
  }

  close(): AnswerState {
    return this.#malformed ?? INCOMPLETE;
  }

  #endOfLine(end: number): AnswerState {
    const line = this.#line;
    if (!line.crlf) return this.#unexpected();
    if (line.startsWith("VALUE ")) return this.#startValue();
    if (line.equals("END")) return this.#complete(end, this.#values > 0 ? "value" : "miss");
    if (line.equals("ERROR") || line.startsWith("CLIENT_ERROR ") || line.startsWith("SERVER_ERROR ")) {
      this.#values = 0;
      return { state: "complete", end, kind: "error", detail: line.shown() };
    }
    // Anything else is an answer of its own, not a part of a list of values.
    if (this.#values > 0) return this.#unexpected();
    if (line.startsWith("VERSION ") || DONE.some((word) => line.equals(word))) return this.#complete(end, "value");
    if (NOT_DONE.some((word) => line.equals(word))) return this.#complete(end, "miss");
    return this.#unexpected();
  }

  #startValue(): AnswerState {
    const bytes = valueBytes(this.#line);
    if (bytes < 0) return this.#unexpected();
    this.#data.begin(bytes);
    this.#inData = true;
    this.#values++;
    return INCOMPLETE;
  }

  #complete(end: number, kind: "value" | "miss"): AnswerState {
    this.#values = 0;
    return { state: "complete", end, kind };
  }

  #unexpected(): Malformed {
    return this.#fail("a memcached answer", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

/** The length in `VALUE <key> <flags> <bytes> [<cas>]`; -1: not such a line. */
function valueBytes(line: LineCollector): number {
  let spaces = 0;
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    if (line.bytes[at] !== 0x20) continue;
    spaces++;
    if (spaces === 3) from = at + 1;
    if (spaces === 4) return line.decimal(from, at, MAX_VALUE);
  }
  return spaces === 3 ? line.decimal(from, line.length, MAX_VALUE) : -1;
}

const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
