import { usageError } from "../../errors.js";
import { printable } from "../../protocols/printable.js";
import { type AddressWords, parseAddress } from "../decode/address.js";
import { type CaptureProtocol, isInQuic } from "../flows/flow-events.js";
import type { FlowKey, Test } from "./filter.js";

/** Which end a term speaks of. */
export type End = "src" | "dst" | "either";

type EndTest = (key: FlowKey, word0: number, word1: number, word2: number, word3: number, port: number) => boolean;

/** Every protocol a flow can turn out to have. */
const PROTOCOLS: Readonly<Record<CaptureProtocol, true>> = {
  memcached: true,
  redis: true,
  http1: true,
  h2: true,
  tls: true,
  quic: true,
  h3: true,
  doq: true,
  unknown: true,
};

export function hostTerm(end: End, text: string): Test {
  const words = parseAddress(text);
  if (words === null) {
    throw usageError(
      `host ${shown(text)}: not an address; write an IPv4 or IPv6 address such as 10.0.0.1 or 2001:db8::1 (names are not looked up)`,
    );
  }
  return atEnd(end, isHost(words));
}

export function portTerm(end: End, text: string): Test {
  const port = parsePort(text);
  if (port === null) throw usageError(`port ${shown(text)}: not a port; write a number from 0 to 65535`);
  return atEnd(end, (_key, _0, _1, _2, _3, atPort) => atPort === port);
}

export function netTerm(end: End, text: string): Test {
  const [address = "", prefix = ""] = text.split("/");
  const words = parseAddress(address);
  const isIpv6 = address.includes(":");
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (words === null || text.split("/").length !== 2 || !(length <= (isIpv6 ? 128 : 32))) {
    throw usageError(
      `net ${shown(text)}: not a network; write an address and a prefix length such as 10.0.0.0/8 or 2001:db8::/32`,
    );
  }
  const masks = maskWords(isIpv6 ? length : 96 + length);
  const inNet: EndTest = (key, word0, word1, word2, word3) =>
    (!isIpv6 || key.version === 6) &&
    ((word0 ^ words[0]) & masks[0]) === 0 &&
    ((word1 ^ words[1]) & masks[1]) === 0 &&
    ((word2 ^ words[2]) & masks[2]) === 0 &&
    ((word3 ^ words[3]) & masks[3]) === 0;
  return atEnd(end, inNet);
}

/**
 * `tcp` is every flow of TCP, `udp` and `quic` every one of QUIC, since no other UDP is told of; any other name is compared with what the
 * flow's payload was recognised as.
 */
export function protocolTerm(text: string): { readonly test: Test; readonly needsProtocol: boolean } {
  const name = text.toLowerCase();
  if (name === "tcp" || name === "udp" || name === "quic") {
    const wanted = name === "tcp" ? "tcp" : "udp";
    return { test: ({ transport }) => transport === wanted, needsProtocol: false };
  }
  if (!Object.hasOwn(PROTOCOLS, name)) {
    throw usageError(
      `proto ${shown(text)}: not a protocol that flows are told by; write one of tcp, udp, ${Object.keys(PROTOCOLS).join(", ")}`,
    );
  }
  const wanted = isInQuic(name as CaptureProtocol) ? "udp" : "tcp";
  const test: Test = ({ transport }, protocol) => {
    if (transport !== wanted) return false;
    return protocol === null ? null : protocol === name;
  };
  return { test, needsProtocol: true };
}

/** `10.0.0.1:6379`, `[2001:db8::1]:443`, or an address alone; null: the word is none of these. */
export function endpointTerm(end: End, text: string): Test | null {
  const alone = parseAddress(text);
  if (alone !== null) return atEnd(end, isHost(alone));
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text);
  const words = match === null ? null : parseAddress(match[1] ?? match[2] ?? "");
  const port = parsePort(match?.[3] ?? "");
  if (words === null || port === null) return null;
  const host = isHost(words);
  return atEnd(end, (key, w0, w1, w2, w3, atPort) => atPort === port && host(key, w0, w1, w2, w3, atPort));
}

/** A word of the user's in a message: printable, and not longer than a message bears. */
export function shown(word: string): string {
  return printable(word, 60);
}

function atEnd(end: End, test: EndTest): Test {
  const a: Test = (key) => test(key, key.a0, key.a1, key.a2, key.a3, key.aPort);
  const b: Test = (key) => test(key, key.b0, key.b1, key.b2, key.b3, key.bPort);
  if (end === "src") return a;
  return end === "dst" ? b : (key, protocol) => a(key, protocol) || b(key, protocol);
}

function isHost(words: AddressWords): EndTest {
  return (_key, word0, word1, word2, word3) =>
    word3 === words[3] && word2 === words[2] && word1 === words[1] && word0 === words[0];
}

function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : null;
}

/** The first `bits` of 128 set. A shift by 32 would be none. */
function maskWords(bits: number): AddressWords {
  const word = (index: number) => {
    const set = Math.min(32, Math.max(0, bits - 32 * index));
    return set === 0 ? 0 : -1 << (32 - set);
  };
  return [word(0), word(1), word(2), word(3)];
}
