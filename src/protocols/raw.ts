/** Any bytes sent, and a rule for when their answer is whole. Texts stand for bytes, one Latin-1 character each. */
import { protocolOf } from "./pieces.js";
import {
  type AnswerReader,
  type AnswerState,
  type Expectation,
  INCOMPLETE,
  type Protocol,
  type RequestSpec,
} from "./protocol.js";

type RawSpec = Extract<RequestSpec, { protocol: "raw" }>;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
/** A length word, or the magic and type that most binary protocols begin with. */
const BINARY_HEADER_BYTES = 4;
/** How far back a regex sees. */
const REGEX_WINDOW = 64 * 1024;

/**
 * Pieces: of a request that ends in a line end, what a line client prints one by one: the first word with its space, the rest,
 * the line end (`get `, `somekey`, `\r\n`). Of any other, what a binary client packs one by one: the first 4 bytes, the rest
 * (4 bytes or fewer: the first byte, the rest).
 */
export function raw(spec: RawSpec): Protocol {
  return protocolOf("raw", piecesOf(spec.send), () => answersFor(spec.expect));
}

function piecesOf(send: Uint8Array): Uint8Array[] {
  const length = send.length;
  if (length < 2) return [send];
  if (send[length - 1] !== LF) {
    const header = length > BINARY_HEADER_BYTES ? BINARY_HEADER_BYTES : 1;
    return [send.subarray(0, header), send.subarray(header)];
  }
  const lineEnd = send[length - 2] === CR ? length - 2 : length - 1;
  const word = send.indexOf(SPACE) + 1;
  const cut = word > 0 && word < lineEnd && word <= send.indexOf(LF) ? word : 0;
  return [send.subarray(0, cut), send.subarray(cut, lineEnd), send.subarray(lineEnd)];
}

function answersFor(expect: Expectation): AnswerReader {
  switch (expect.until) {
    case "bytes":
      return new CountedAnswers(expect.count);
    case "line":
      return new TextAnswers("\n");
    case "text":
      return new TextAnswers(expect.text);
    case "regex":
      return new RegexAnswers(expect.source);
    case "end":
      return new WholeStream();
  }
}

class CountedAnswers implements AnswerReader {
  readonly #count: number;
  #left: number;

  constructor(count: number) {
    this.#count = count;
    this.#left = count;
  }

  push(_chunk: Uint8Array, start: number, end: number): AnswerState {
    if (end - start < this.#left) {
      this.#left -= end - start;
      return INCOMPLETE;
    }
    const complete: AnswerState = { state: "complete", end: start + this.#left, kind: "value" };
    this.#left = this.#count;
    return complete;
  }

  close(): AnswerState {
    return INCOMPLETE;
  }
}

/** Whatever comes until the stream ends; nothing at all is an answer that says there is nothing. */
class WholeStream implements AnswerReader {
  #bytes = 0;

  push(_chunk: Uint8Array, start: number, end: number): AnswerState {
    this.#bytes += end - start;
    return INCOMPLETE;
  }

  close(): AnswerState {
    const kind = this.#bytes > 0 ? "value" : "miss";
    this.#bytes = 0;
    return { state: "complete", end: 0, kind };
  }
}

/** Ends with a text, found by Knuth, Morris and Pratt's automaton: no byte is kept or looked at twice. */
class TextAnswers implements AnswerReader {
  readonly #text: Uint8Array;
  /** For each prefix of the text, the longest shorter prefix that is also its end. */
  readonly #fallback: Int32Array;
  #matched = 0;

  constructor(text: string) {
    this.#text = Uint8Array.from(text, (character) => character.charCodeAt(0));
    this.#fallback = fallbackOf(this.#text);
  }

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    const text = this.#text;
    let matched = this.#matched;
    for (let at = start; at < end; at++) {
      const byte = chunk[at];
      while (matched > 0 && text[matched] !== byte) matched = this.#fallback[matched - 1]!;
      if (text[matched] === byte) matched++;
      if (matched === text.length) {
        this.#matched = 0;
        return { state: "complete", end: at + 1, kind: "value" };
      }
    }
    this.#matched = matched;
    return INCOMPLETE;
  }

  close(): AnswerState {
    return INCOMPLETE;
  }
}

function fallbackOf(text: Uint8Array): Int32Array {
  const fallback = new Int32Array(text.length);
  let matched = 0;
  for (let at = 1; at < text.length; at++) {
    while (matched > 0 && text[matched] !== text[at]) matched = fallback[matched - 1]!;
    if (text[matched] === text[at]) matched++;
    fallback[at] = matched;
  }
  return fallback;
}

/**
 * Ends at the end of the first match in what came so far of this answer (at most its last 64 KiB). A pattern that can match
 * more when more comes (`a+`) ends where the bytes of that push ended: let it end in something fixed, such as `\r\n`.
 */
class RegexAnswers implements AnswerReader {
  readonly #pattern: RegExp;
  #seen = "";

  constructor(source: string) {
    this.#pattern = new RegExp(source);
  }

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    if (start === end) return INCOMPLETE;
    const before = Math.min(this.#seen.length, REGEX_WINDOW);
    const text = this.#seen.slice(-REGEX_WINDOW) + latin1(chunk, start, end);
    const match = this.#pattern.exec(text);
    if (match === null || match[0] === "") {
      this.#seen = text.slice(-REGEX_WINDOW);
      return INCOMPLETE;
    }
    this.#seen = "";
    // With a lookahead the match may end in bytes of an earlier push: those are gone, and an answer never ends before its push.
    const ends = start + match.index + match[0].length - before;
    return { state: "complete", end: Math.max(ends, start + 1), kind: "value" };
  }

  close(): AnswerState {
    return INCOMPLETE;
  }
}

const latin1 = (chunk: Uint8Array, start: number, end: number): string =>
  Buffer.from(chunk.buffer, chunk.byteOffset + start, end - start).toString("latin1");
