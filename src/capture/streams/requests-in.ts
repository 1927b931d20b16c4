/**
 * What a segment of a client holds, seen by itself: part of a request, one, or more than one. Asked of many segments of clients that
 * never send more than one (../flows/pipelining.ts), so what most of them send is told without reading it whole.
 */
import { Http1Requests } from "../../protocols/http1-requests.js";
import { MemcachedRequests } from "../../protocols/memcached-requests.js";
import { RespRequests } from "../../protocols/resp-requests.js";
import type { Packet } from "../decode/packet.js";
import type { Pipelined } from "./reading.js";

/** `one`: whole, and answered when its turn comes; `head`: so is HTTP's HEAD. `more`: several, or one without an answer. */
export type Held = "part" | "one" | "head" | "more";

const LF = 0x0a;
const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const NINE = 0x39;
/** "g": memcached's get, gets, gat, gats; "G": HTTP's GET. Neither has a body, and both are always answered. */
const LOWER_G = 0x67;
const UPPER_G = 0x47;

const readers = { memcached: new MemcachedRequests(), redis: new RespRequests(), http1: new Http1Requests() };

/** The segment begins a message. What the snap length has cut off is not seen. */
export function requestsIn(kind: Pipelined, { bytes, payloadStart, payloadCaptured, payloadLength }: Packet): Held {
  const end = payloadStart + payloadCaptured;
  const behind = endOfUsual(kind, bytes, payloadStart, end);
  if (behind === end) return payloadCaptured === payloadLength ? "one" : "more";
  return behind > end ? "part" : read(kind, bytes, payloadStart, end, payloadCaptured < payloadLength);
}

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

function read(kind: Pipelined, bytes: Uint8Array, start: number, end: number, isCut: boolean): Held {
  const reader = readers[kind];
  const state = reader.push(bytes, start, end);
  if (state.state !== "complete") {
    renew(kind);
    return "part";
  }
  if ("expects" in state && state.expects === "no-order") return "part";
  if (state.end < end || isCut || ("expects" in state && state.expects === "nothing")) return "more";
  return reader instanceof Http1Requests && reader.method === "HEAD" ? "head" : "one";
}

/** A reader that stopped inside of a request is of no more use. */
function renew(kind: Pipelined): void {
  if (kind === "memcached") readers.memcached = new MemcachedRequests();
  else if (kind === "redis") readers.redis = new RespRequests();
  else readers.http1 = new Http1Requests();
}

const MEMCACHED = /^(gets? |gats? |set |add |replace|append |prepend|delete |incr |decr |touch |m[gsdan][ \r]|version)/;
const HTTP1 = /^[A-Z]{3,7} [/*h]/;

/** The segment begins like a request: asked where it may as well go on with one. */
export function beginsRequest(kind: Pipelined, { bytes, payloadStart, payloadCaptured }: Packet): boolean {
  const first = bytes[payloadStart] as number;
  if (payloadCaptured < 4) return false;
  if (kind === "redis") return first === STAR && digits(bytes, payloadStart + 1, payloadStart + 2) > 0;
  const start = String.fromCharCode(...bytes.subarray(payloadStart, payloadStart + Math.min(8, payloadCaptured)));
  return (kind === "memcached" ? MEMCACHED : HTTP1).test(start);
}
