/** What theories on QUIC say of its facts, be they of a probe or of a capture. */
import type { QuicFacts } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { lostForGood, sentInAll } from "./subject.js";

export interface LossSeen {
  readonly lost: number;
  /** Share of the requests that waited for something lost; null: they were not told apart. */
  readonly hitShare: number | null;
  readonly says: string;
}

/** null: no acknowledgement could be read. */
export function lossSeen({ loss, lossDelay }: QuicFacts): LossSeen | null {
  const sides = (["client", "server"] as const).flatMap((side) => loss[side] ?? []);
  if (sides.length === 0) return null;
  const lost = sides.reduce((sum, side) => sum + lostForGood(side), 0);
  const sent = sides.reduce((sum, side) => sum + sentInAll(side), 0);
  const says = `${lost} of ${sent} packets lost (${digits((100 * lost) / Math.max(1, sent))} %)`;
  const of = lossDelay === undefined ? 0 : lossDelay.hit.count + lossDelay.spared.count;
  if (lossDelay === undefined || of === 0) return { lost, hitShare: null, says };
  const waited = `${lossDelay.hit.count} of ${of} requests had to wait for theirs`;
  return { lost, hitShare: lossDelay.hit.count / of, says: `${says}; ${waited}` };
}

/** How late the server's ACKs come, by its own account; null: none could be read. */
export function serverAcksSaid({ ackDelay }: QuicFacts): string | null {
  const delay = ackDelay.server;
  if (delay === null || delay.claimed.count === 0) return null;
  const { claimed, advertisedNs } = delay;
  const promised = advertisedNs === null ? "" : `, ${formatDuration(advertisedNs)} advertised`;
  return `its ACKs come ${formatDuration(claimed.p50)} (p50), ${formatDuration(claimed.p99)} (p99) late${promised}; no request waits for an ACK in QUIC, only what is taken for lost goes again`;
}

export const NO_NAGLE =
  "cannot be: QUIC has no Nagle's algorithm, stream data leaves whatever is unacknowledged (RFC 9000)";
