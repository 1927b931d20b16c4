/** Handshakes that took a round trip more than they need: Retry (RFC 9000 section 8.1.2) and Version Negotiation (section 6). */
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { MIN_EXTRA_TRIP_NS } from "../thresholds.js";
import { costOfEach, flightTo, type QuicJudge, type QuicSubject } from "./subject.js";

export const judgeRetry: QuicJudge = (subject) =>
  extraTrip(subject, "quic-retry", subject.facts.handshake.retries, "retry");

export const judgeVersionNegotiation: QuicJudge = (subject) =>
  extraTrip(subject, "quic-version-negotiation", subject.facts.handshake.versionNegotiations, "version negotiation");

function extraTrip(
  { run, facts }: QuicSubject,
  code: "quic-retry" | "quic-version-negotiation",
  count: number,
  step: "retry" | "version negotiation",
): Finding[] {
  if (count === 0) return [];
  const each = flightTo(facts, step);
  const of = Math.max(count, facts.connections.opened);
  const { total } = facts.handshake;
  const whole =
    total === null || total.count === 0 ? "" : `; the whole handshake took ${formatDuration(total.p50)} (p50)`;
  const time =
    each === null ? "how long it took was not seen" : `first Initial to ${step}: ${formatDuration(each.p50)} (p50)`;
  return [
    {
      code,
      severity: each !== null && each.p50 < MIN_EXTRA_TRIP_NS ? "info" : "warning",
      title: PROSE[code].title({ count, of }, each?.p50 ?? null),
      subject: { run },
      count,
      of,
      costNs: costOfEach(each, count),
      confidence: "certain",
      evidence: [{ says: `${time}${whole}` }],
      fix: [...PROSE[code].fix],
      whatIf: null,
    },
  ];
}
