/** What the kernel's timestamps tell of one request: its timeline, and whether its ACK came late and alone. */
import type { Timeline, TimelineEvent } from "../../report/model.js";
import type { KernelConnection } from "./kernel-connection.js";

/** An ACK this much before the answer did not ride on it. */
const ALONE_NS = 0.2e6;

/**
 * How long the peer took to acknowledge the last piece, where that ACK came alone, before the answer's first bytes.
 * @returns NaN: not seen, or it rode on the answer
 */
export function lateAckNs(connection: KernelConnection): number {
  const last = connection.sentNs.length - 1;
  const acked = connection.ackedNs[last] as number;
  if (!(connection.arrivedNs - acked > ALONE_NS)) return Number.NaN;
  return acked - (connection.sentNs[last] as number);
}

/**
 * The timeline of the request that has just ended, on nanoseconds from the start of its first write.
 * @param wallOffsetNs wall clock minus nowNs(): moves the kernel's stamps onto our clock
 */
export function stampedTimeline(
  connection: KernelConnection,
  request: number,
  pieceEnds: readonly number[],
  wallOffsetNs: number,
  heldNs: number,
): Timeline {
  const { startNs } = connection;
  const events: TimelineEvent[] = [];
  const add = (
    atNs: number,
    event: TimelineEvent["event"],
    source: "user" | "kernel",
    piece?: number,
    bytes?: number,
  ) => {
    if (Number.isNaN(atNs)) return;
    events.push({
      atNs: Math.round(atNs - startNs),
      event,
      source,
      ...(piece === undefined ? {} : { piece }),
      ...(bytes === undefined ? {} : { bytes }),
    });
  };
  if (connection.intendedNs >= 0 && connection.intendedNs < startNs) add(connection.intendedNs, "intended", "user");
  for (const [i, end] of pieceEnds.entries()) {
    const bytes = end - (pieceEnds[i - 1] ?? 0);
    add(connection.writtenNs[i] as number, "write", "user", i + 1, bytes);
    add((connection.sentNs[i] as number) - wallOffsetNs, "sent", "kernel", i + 1);
    add((connection.ackedNs[i] as number) - wallOffsetNs, "acked", "kernel", i + 1);
  }
  if (Number.isNaN(connection.arrivedNs)) add(connection.firstByteNs, "first-byte", "user");
  else add(connection.arrivedNs - wallOffsetNs, "first-byte", "kernel");
  add(connection.endNs, "answer", "user");
  events.sort((a, b) => a.atNs - b.atNs);
  return {
    request,
    connection: connection.index,
    latencyNs: Math.round(connection.endNs - startNs),
    heldNs: Number.isNaN(heldNs) ? 0 : Math.round(heldNs),
    events,
  };
}
