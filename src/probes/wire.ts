/** Did the split happen? Held against the system calls made and the segments that the kernel says it sent; of QUIC the datagrams. Pure. */
import type { Run } from "../report/model.js";
import { digits } from "../units/duration.js";

export interface WireFacts {
  /** Pieces per request that were asked for. */
  readonly pieces: number;
  readonly nagle: boolean;
  readonly cork: boolean;
  /** Requests that may be on one connection at once. */
  readonly pipeline: number;
  readonly transport: "tcp" | "tls" | "quic";
  /** System calls; of TLS records; of QUIC datagrams of ours that carried stream bytes of requests for the first time. */
  readonly writes: number;
  readonly segments: number | null;
  /** How often a request was written whole: what `writes` and `segments` are divided by, whatever the answers were. */
  readonly wholes: number;
  readonly answered: number;
}

const UNITS: Readonly<Record<WireFacts["transport"], string>> = { tcp: "write", tls: "record", quic: "datagram" };

/** Some requests of a block may have been cut short by failures: a few percent are no sign of merging. */
const MOST = 0.95;

export function judgeWire(facts: WireFacts): { wire: Run["wire"]; used: boolean } {
  const { pieces, writes, segments, wholes, answered } = facts;
  const base = { pieces, writes, segments };
  const unit = UNITS[facts.transport];
  const perRequest = (n: number) => digits(n / Math.max(1, wholes));
  if (answered === 0) return { wire: { ...base, split: "not-seen", says: "no request was answered" }, used: false };
  const writesSay = `${perRequest(writes)} ${unit}s per request`;
  // Small requests of several streams may share a datagram of QUIC: nobody asked that they be apart.
  if (facts.transport === "quic" && (pieces === 1 || writes >= MOST * pieces * wholes)) {
    return { wire: { ...base, split: "as-asked", says: writesSay }, used: true };
  }
  if (writes < MOST * pieces * wholes) {
    const says = `the split did not happen: ${pieces} pieces were asked for, but only ${writesSay} were made`;
    return { wire: { ...base, split: "merged", says }, used: false };
  }
  if (segments === null) {
    const says = `${writesSay}, each its own system call; segments are not seen by this engine here`;
    return { wire: { ...base, split: "not-seen", says }, used: true };
  }
  const says = `${writesSay} in ${perRequest(segments)} segments`;
  if (pieces === 1) return { wire: { ...base, split: "as-asked", says }, used: true };
  if (facts.cork)
    return { wire: { ...base, split: "as-asked", says: `${says}: TCP_CORK joins the pieces` }, used: true };
  const least = leastSegments(facts);
  if (segments < least * wholes) {
    const merged = `the split did not reach the wire: ${writesSay}, but ${perRequest(segments)} segments`;
    return { wire: { ...base, split: "merged", says: merged }, used: false };
  }
  const joined = facts.nagle && segments < MOST * writes;
  if (facts.pipeline > 1 && segments < MOST * writes) {
    const by = facts.nagle ? "Nagle's algorithm joins" : "the kernel's autocorking joins";
    return { wire: { ...base, split: "as-asked", says: `${says}: ${by} pieces, of several requests too` }, used: true };
  }
  return {
    wire: { ...base, split: "as-asked", says: joined ? `${says}: Nagle's algorithm joins later pieces` : says },
    used: true,
  };
}

/**
 * Segments per request below which the split did not reach the wire. Nagle sends the first piece at once and may join all the
 * others, with several requests on a connection also theirs; without it every piece travels alone, but for what piled up behind
 * a packet that had not left the machine yet (tcp_should_autocork() in net/ipv4/tcp.c).
 */
function leastSegments({ nagle, pipeline, pieces }: WireFacts): number {
  if (pipeline > 1) return nagle ? 0 : 1;
  return nagle ? 1.5 : MOST * pieces;
}
