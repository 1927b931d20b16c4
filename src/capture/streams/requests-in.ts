/**
 * What a segment of a client holds that begins a message: part of a request, one, or more than one. Asked of many segments of clients that
 * never send more than one (../flows/pipelining.ts), so what most of them send is told without reading it whole.
 */
import { Http1Requests } from "../../protocols/http1-requests.js";
import { MemcachedRequests } from "../../protocols/memcached-requests.js";
import { RespRequests } from "../../protocols/resp-requests.js";
import type { Packet } from "../decode/packet.js";
import type { Pipelined } from "./reading.js";

/**
 * `part`: it goes on. `one`: it ends with the segment, and is answered when its turn comes. `more`: another follows in the segment, or it
 * is not answered. `unknown`: it cannot be read.
 */
export type Held = "part" | "one" | "more" | "unknown";

const LF = 0x0a;
const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const NINE = 0x39;
/** "g": memcached's get, gets, gat, gats; "G": HTTP's GET. Neither has a body, and both are always answered. */
const LOWER_G = 0x67;
const UPPER_G = 0x47;

/** The segment is one request, of a kind that most are of, and is answered when its turn comes. */
export function isOneRequest(
  kind: Pipelined,
  { bytes, payloadStart, payloadCaptured, payloadLength }: Packet,
): boolean {
  const end = payloadStart + payloadCaptured;
  return payloadCaptured === payloadLength && endOfUsual(kind, bytes, payloadStart, end) === end;
}

/** A request that is read over its segments, until it is known where it ends. */
export class BegunRequest {
  readonly #kind: Pipelined;
  readonly #reader: MemcachedRequests | RespRequests | Http1Requests;
  /** How many bytes of the last segment are its own, once it has ended. */
  ends = 0;
  isAnswered = true;

  private constructor(kind: Pipelined) {
    this.#kind = kind;
    if (kind === "http1") this.#reader = new Http1Requests();
    else this.#reader = kind === "redis" ? new RespRequests() : new MemcachedRequests();
  }

  static of(kind: Pipelined): BegunRequest {
    return SPARE[kind].pop() ?? new BegunRequest(kind);
  }

  get isHead(): boolean {
    return this.#reader instanceof Http1Requests && this.#reader.method === "HEAD";
  }

  /** The next segment. What the snap length has cut off is not seen. */
  take({ bytes, payloadStart, payloadCaptured, payloadLength }: Packet): Held {
    const end = payloadStart + payloadCaptured;
    const isCut = payloadCaptured < payloadLength;
    const state = this.#reader.push(bytes, payloadStart, end);
    if (state.state === "malformed") return "unknown";
    if (state.state !== "complete") return isCut ? "unknown" : "part";
    const expects = "expects" in state ? state.expects : "answer";
    if (expects === "no-order") return "unknown";
    // It has ended, and is as new. What it says of itself stays until it is taken again.
    if (SPARE[this.#kind].length < MOST_SPARE) SPARE[this.#kind].push(this);
    this.ends = state.end - payloadStart;
    this.isAnswered = expects === "answer";
    return this.ends === payloadLength && this.isAnswered ? "one" : "more";
  }
}

/** Used again: to make one costs more than what it reads. */
const SPARE: Readonly<Record<Pipelined, BegunRequest[]>> = { memcached: [], redis: [], http1: [] };
const MOST_SPARE = 256;

/** @returns index behind the first request, beyond `end` where it goes on; -1: it is of another kind */
function endOfUsual(kind: Pipelined, bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  if (kind === "redis") return first === STAR ? endOfArray(bytes, start, end) : -1;
  if (kind === "memcached") return first === LOWER_G ? lineEnd(bytes, start, end) : -1;
  if (first !== UPPER_G) return -1;
  let at = start;
  // The head's lines, the last of which is empty.
  while (at < end) {
    const next = lineEnd(bytes, at, end);
    if (next - at <= 2 && (next - at === 1 || bytes[at] === CR)) return next;
    at = next;
  }
  return end + 1;
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== LF) at++;
  return at + 1;
}

/** An array of bulk strings whose first is of three letters: GET, SET, DEL, and none of those that change how the server speaks. */
function endOfArray(bytes: Uint8Array, start: number, end: number): number {
  let left = digits(bytes, start + 1, end);
  let at = lineEnd(bytes, start, end);
  const command = at < end && bytes[at] === DOLLAR ? digits(bytes, at + 1, end) : 0;
  if (left < 1 || command !== 3) return -1;
  for (; left > 0 && at < end; left--) {
    if (bytes[at] !== DOLLAR) return -1;
    at = lineEnd(bytes, at, end) + digits(bytes, at + 1, end) + 2;
  }
  return left === 0 ? at : end + 1;
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

const LEAST_BYTES = 4;
/** The first bytes of requests, as numbers of 32 bits. */
const STARTS = {
  memcached: startsOf("get |gets|gat |gats|set |add |repl|appe|prep|cas |dele|incr|decr|touc|mn\r\n|vers|stat|flus"),
  http1: startsOf("GET |HEAD|POST|PUT |DELE|PATC|OPTI"),
};

function startsOf(words: string): ReadonlySet<number> {
  return new Set(words.split("|").map((word) => Buffer.from(word, "latin1").readInt32BE()));
}

/**
 * The segment begins like a request: asked where it may as well go on with one. Too short a one does not show it.
 * @param ifTooShort what is said of one
 */
export function beginsRequest(
  kind: Pipelined,
  { bytes, payloadStart: at, payloadCaptured }: Packet,
  ifTooShort: boolean,
): boolean {
  if (payloadCaptured < LEAST_BYTES) return ifTooShort;
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
  if (kind === "redis") return first === STAR && second > ZERO && second <= NINE;
  return STARTS[kind].has(
    (first << 24) | (second << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number),
  );
}
