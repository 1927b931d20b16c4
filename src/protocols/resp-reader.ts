/**
 * Reads Redis answers, RESP2 and RESP3 (Redis serialization protocol specification). Only counts: a value's bytes are never
 * kept, nesting is a stack of counters, so that memory does not grow with the answer.
 */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { printableBytes } from "./printable.js";
import { type AnswerKind, type AnswerReader, type AnswerState, INCOMPLETE, type Malformed } from "./protocol.js";

/** Longest simple string, error or number that is waited for. */
const MAX_LINE = 64 * 1024;
/** Redis nests 4 deep at most in its own answers (COMMAND DOCS); scripts and modules go further. */
const MAX_DEPTH = 128;
/** Above Redis' own limits: 512 MiB for a bulk string unless configured, 2^32 - 1 elements. */
const MAX_BULK = 4 * 1024 ** 3;
const MAX_ELEMENTS = 2 ** 32;
const MAX_DETAIL = 120;
const SHOWN = 60;

const code = (character: string): number => character.charCodeAt(0);
const SIMPLE = code("+");
const ERROR = code("-");
const INTEGER = code(":");
const BULK = code("$");
const ARRAY = code("*");
const NULL = code("_");
const BOOLEAN = code("#");
const DOUBLE = code(",");
const BIG_NUMBER = code("(");
const BULK_ERROR = code("!");
const VERBATIM = code("=");
const MAP = code("%");
const SET = code("~");
const ATTRIBUTE = code("|");
const PUSH = code(">");
const TYPES = "+-:$*_#,(!=%~|>";

export class RespAnswers implements AnswerReader {
  readonly #tellsPushes: boolean;
  readonly #line = new LineCollector(MAX_LINE);
  readonly #data = new CountedBlock();
  #inData = false;
  /** Elements still to come, and the type, of each open aggregate; the outermost first. */
  readonly #remaining = new Float64Array(MAX_DEPTH);
  readonly #types = new Uint8Array(MAX_DEPTH);
  #depth = 0;
  /** Of the answer itself, not of what is nested in it. */
  #kind: AnswerKind = "value";
  #detail: string | undefined;
  /** Text of a bulk error that is the answer; undefined: not in one. */
  #errorText: Uint8Array | undefined;
  #errorLength = 0;
  #malformed: Malformed | undefined;

  /** @param pushes `told`: each is complete like an answer, and its first byte is `>`; `skipped`: as if they were not there */
  constructor(pushes: "skipped" | "told" = "skipped") {
    this.#tellsPushes = pushes === "told";
  }

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    while (at < end) {
      const from = at;
      let ended: boolean;
      if (this.#inData) {
        at = this.#data.take(chunk, at, end);
        if (this.#errorText !== undefined) this.#keepError(chunk, from, at === OPEN ? end : at);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind a bulk string", "other bytes");
        this.#inData = false;
        ended = this.#endOfElement();
      } else {
        at = this.#line.take(chunk, at, end);
        if (at === OPEN)
          return TYPES.includes(String.fromCharCode(this.#line.bytes[0]!)) ? INCOMPLETE : this.#unexpected();
        if (at === BROKEN || !this.#line.crlf || this.#line.length === 0) return this.#unexpected();
        const step = this.#header();
        if (step === BROKEN) return this.#unexpected();
        ended = step === ENDED && this.#endOfElement();
      }
      if (ended) return this.#complete(at);
    }
    return INCOMPLETE;
  }

  close(): AnswerState {
    return this.#malformed ?? INCOMPLETE;
  }

  /** A header line is whole: what does it start, or was it all? */
  #header(): number {
    const line = this.#line;
    const type = line.bytes[0]!;
    const outermost = this.#depth === 0;
    switch (type) {
      case SIMPLE:
      case DOUBLE:
      case BIG_NUMBER:
        return this.#scalar(outermost, "value");
      case INTEGER:
        return line.decimal(isSign(line.bytes[1]!) ? 2 : 1, line.length, Number.MAX_VALUE) < 0
          ? BROKEN
          : this.#scalar(outermost, "value");
      case BOOLEAN:
        return line.equals("#t") || line.equals("#f") ? this.#scalar(outermost, "value") : BROKEN;
      case NULL:
        return line.length === 1 ? this.#scalar(outermost, "miss") : BROKEN;
      case ERROR:
        if (outermost) this.#detail = line.shown(1, MAX_DETAIL);
        return this.#scalar(outermost, "error");
      case BULK:
      case VERBATIM:
      case BULK_ERROR:
        return this.#bulk(type, outermost);
      case ARRAY:
      case MAP:
      case SET:
      case ATTRIBUTE:
      case PUSH:
        return this.#aggregate(type, outermost);
      default:
        return BROKEN;
    }
  }

  #scalar(outermost: boolean, kind: AnswerKind): number {
    if (outermost) this.#kind = kind;
    return ENDED;
  }

  #bulk(type: number, outermost: boolean): number {
    if (type === BULK && this.#line.equals("$-1")) return this.#scalar(outermost, "miss");
    const bytes = this.#line.decimal(1, this.#line.length, MAX_BULK);
    if (bytes < 0) return BROKEN;
    if (outermost) this.#kind = type === BULK_ERROR ? "error" : "value";
    if (outermost && type === BULK_ERROR) {
      this.#errorText = new Uint8Array(Math.min(bytes, MAX_DETAIL + 1));
      this.#errorLength = 0;
    }
    this.#data.begin(bytes);
    this.#inData = true;
    return STARTED;
  }

  #aggregate(type: number, outermost: boolean): number {
    if (type === ARRAY && this.#line.equals("*-1")) return this.#scalar(outermost, "miss");
    const elements = this.#line.decimal(1, this.#line.length, MAX_ELEMENTS);
    // A push stands between answers, never inside one.
    if (elements < 0 || this.#depth === MAX_DEPTH || (type === PUSH && !outermost)) return BROKEN;
    if (outermost) this.#kind = "value";
    this.#remaining[this.#depth] = type === MAP || type === ATTRIBUTE ? elements * 2 : elements;
    this.#types[this.#depth] = type;
    this.#depth++;
    return elements === 0 ? this.#closeEmpty() : STARTED;
  }

  #closeEmpty(): number {
    return this.#isNoElement(this.#types[--this.#depth]!) ? STARTED : ENDED;
  }

  /** An element ended, and with it perhaps the aggregates around it. @returns the answer ended */
  #endOfElement(): boolean {
    while (this.#depth > 0) {
      const top = this.#depth - 1;
      const left = this.#remaining[top]! - 1;
      this.#remaining[top] = left;
      if (left > 0) return false;
      this.#depth = top;
      if (this.#isNoElement(this.#types[top]!)) return false;
    }
    return true;
  }

  /** An attribute is said about the element behind it; a push is out of band: neither is the answer. */
  #isNoElement(type: number): boolean {
    return type === ATTRIBUTE || (type === PUSH && !this.#tellsPushes);
  }

  #complete(end: number): AnswerState {
    if (this.#kind !== "error") return { state: "complete", end, kind: this.#kind };
    const detail = this.#detail ?? printableBytes(this.#errorText!, 0, this.#errorLength, MAX_DETAIL);
    this.#detail = undefined;
    this.#errorText = undefined;
    return { state: "complete", end, kind: "error", detail };
  }

  #keepError(chunk: Uint8Array, from: number, to: number): void {
    const text = this.#errorText!;
    for (let at = from; at < to && this.#errorLength < text.length; at++) text[this.#errorLength++] = chunk[at]!;
  }

  #unexpected(): Malformed {
    return this.#fail("a Redis answer", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

/** What a header line did: it was a whole element, or it began something. */
const ENDED = 0;
const STARTED = 1;

const isSign = (byte: number): boolean => byte === 0x2b || byte === 0x2d;
