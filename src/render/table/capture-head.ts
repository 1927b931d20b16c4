/** What was read of a capture, and what of it was not: also the head of the Markdown report. */
import type { CaptureSource } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { counted, whole } from "../counting.js";

export interface Fact {
  readonly label: string;
  readonly text: string;
  /** It limits what can be concluded. */
  readonly warns: boolean;
}

export function captureFacts(source: CaptureSource): Fact[] {
  const facts: Fact[] = [];
  const fact = (label: string, text: string): number => facts.push({ label, text, warns: false });
  const warning = (label: string, text: string): number => facts.push({ label, text, warns: true });

  fact("format", [source.format, ...source.linkTypes].join(", "));
  const during = source.durationNs === 0 ? "" : ` in ${formatDuration(source.durationNs)}`;
  fact(
    "packets",
    `${whole(source.packets)} (${tcpOf(source)} TCP${quicOf(source)}), ${formatSize(source.bytes)}${during}`,
  );
  if (source.firstPacketAt !== null) fact("first at", source.firstPacketAt);
  fact("flows", flowsOf(source));
  const { read = {}, unread = {} } = source.inside ?? {};
  const inside = mostFirst(read).map(([spoken, count]) => `${spoken} of ${counted(count, "connection")}`);
  if (inside.length > 0) fact("inside", inside.join(", "));
  for (const [reason, count] of mostFirst(unread)) warning("not read", `${counted(count, "connection")}: ${reason}`);
  if (source.filter !== null) fact("filter", source.filter);
  const skipped = skippedOf(source);
  if (skipped !== null) fact("skipped", skipped);
  if (source.dropped === null) fact("dropped", "the capture does not tell");
  else if (source.dropped === 0) fact("dropped", "none by the capturing machine");
  else warning("dropped", `${counted(source.dropped, "packet")} by the capturing machine: they look like loss`);

  if (source.truncated !== null) {
    const { atByte, afterPacket, says } = source.truncated;
    const where = `at byte ${whole(atByte)}, after packet ${whole(afterPacket)}`;
    warning("damaged", `${where}: ${says}; what follows rests on the packets before`);
  }
  if (source.interrupted) {
    warning("interrupted", `after ${formatDuration(source.durationNs)}: what follows rests on the packets until then`);
  }
  return facts;
}

function tcpOf({ packets, tcpPackets }: CaptureSource): string {
  if (tcpPackets === 0) return "none";
  return tcpPackets === packets ? "all" : whole(tcpPackets);
}

const quicOf = ({ quicDatagrams = 0 }: CaptureSource): string =>
  quicDatagrams === 0 ? "" : `, ${whole(quicDatagrams)} QUIC`;

function flowsOf({ flowsSeen, flowsEvicted }: CaptureSource): string {
  if (flowsEvicted === 0) return `${whole(flowsSeen)} seen`;
  return `${whole(flowsSeen)} seen, ${whole(flowsEvicted)} let go before their end to bound memory (idle, or --max-flows)`;
}

const mostFirst = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a);

/** By reason. */
function skippedOf({ skipped }: CaptureSource): string | null {
  const reasons = mostFirst(skipped);
  if (reasons.length === 0) return null;
  return reasons.map(([reason, count]) => `${whole(count)} ${reason}`).join(", ");
}
