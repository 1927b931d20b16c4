/** Packets that acknowledgements passed over for good (RFC 9002 section 6.1): lost, and not merely overtaken. */
import type { Finding, QuicFacts } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { LOSS_DETECTION_RTTS, MIN_INFERRED_COUNT, QUIC_LOSS_SHARE } from "../thresholds.js";
import { lostForGood, type QuicJudge, type QuicSubject, sentInAll } from "./subject.js";

const prose = PROSE["quic-loss"];

type Loss = NonNullable<QuicFacts["loss"]["client"]>;
type Role = "client" | "server";

/** One finding, on the direction that lost more; the other is in its evidence. */
export const judgeLoss: QuicJudge = (subject) => {
  const directions = (["client", "server"] as const)
    .map((sender) => ({ sender, loss: subject.facts.loss[sender] }))
    .flatMap(({ sender, loss }) => (loss === null || lostForGood(loss) === 0 ? [] : [{ sender, loss }]))
    .sort((left, right) => lostForGood(right.loss) - lostForGood(left.loss));
  const most = directions[0];
  return most === undefined ? [] : [finding(subject, most.sender, directions)];
};

function finding(
  subject: QuicSubject,
  sender: Role,
  directions: readonly { readonly sender: Role; readonly loss: Loss }[],
): Finding {
  const { facts, run } = subject;
  const lost = directions.reduce((sum, { loss }) => sum + lostForGood(loss), 0);
  const worst = directions[0]?.loss as Loss;
  const ratio = lostForGood(worst) / Math.max(1, sentInAll(worst));
  const delay = delayOf(facts);
  const packets = { count: lostForGood(worst), of: sentInAll(worst) };
  const share = delay ?? { count: packets.count, of: packets.of };
  return {
    code: "quic-loss",
    severity: ratio >= QUIC_LOSS_SHARE ? "warning" : "info",
    title: prose.title(sender, packets, ratio, delay),
    subject: { run },
    count: share.count,
    of: Math.max(share.count, share.of),
    costNs: delay?.costNs ?? leastCost(facts, lost),
    confidence: delay === null ? "likely" : "certain",
    evidence: [
      ...directions.map(({ sender: from, loss }) => ({ says: lossWords(from, loss) })),
      costWords(facts, lost),
    ],
    fix: [...prose.fix],
    whatIf: spared(facts),
  };
}

const lossWords = (from: Role, { sent, lost, spurious, notSeen = 0, resentBytes }: Loss): string =>
  `the ${from} sent ${sent} packets that ask for an acknowledgement, ${lost} were passed over` +
  (spurious === 0 ? "" : `, ${spurious} of them only overtaken`) +
  (notSeen === 0 ? "" : `, ${notSeen} more never came here`) +
  (resentBytes === 0 ? "" : `; ${formatSize(resentBytes)} of streams went again`);

interface Delay {
  readonly count: number;
  readonly of: number;
  readonly p50Ns: number;
  readonly costNs: Finding["costNs"];
}

/** What requests that were hit took longer than the p50 of those that were spared; null: not told apart, or nobody waited. */
function delayOf({ lossDelay }: QuicFacts): Delay | null {
  if (lossDelay === undefined || lossDelay.hit.count === 0 || lossDelay.spared.count < MIN_INFERRED_COUNT) return null;
  const { hit, spared: others } = lossDelay;
  const later = (latencyNs: number): number => Math.max(0, Math.round(latencyNs - others.p50));
  const costNs = { total: later(hit.mean) * hit.count, p50: later(hit.p50), max: later(hit.max) };
  return { count: hit.count, of: hit.count + others.count, p50Ns: costNs.p50, costNs };
}

const spared = (facts: QuicFacts): Finding["whatIf"] =>
  facts.lossDelay === undefined || delayOf(facts) === null
    ? null
    : { p50Ns: facts.lossDelay.spared.p50, p99Ns: facts.lossDelay.spared.p99 };

/** From the round trip alone: what each packet costs that carried something somebody waited for. */
function leastCost({ rtt }: QuicFacts, lost: number): Finding["costNs"] {
  const each = rtt === null || rtt.count === 0 ? 0 : Math.round(LOSS_DETECTION_RTTS * rtt.p50);
  return { total: each * lost, p50: each, max: each };
}

function costWords(facts: QuicFacts, lost: number): { says: string } {
  const delay = delayOf(facts);
  const { rtt, lossDelay } = facts;
  if (delay !== null && lossDelay !== undefined) {
    return {
      says: `requests whose data went again: p50 ${formatDuration(lossDelay.hit.p50)}; the other ${lossDelay.spared.count}: ${formatDuration(lossDelay.spared.p50)}`,
    };
  }
  if (rtt === null || rtt.count === 0)
    return { says: "what it cost was not seen: neither round trips nor the requests hit" };
  const each = leastCost(facts, 1).p50;
  return {
    says: `cost by the round trip of ${formatDuration(rtt.p50)} (p50): a loss is found after ${digits(LOSS_DETECTION_RTTS)} of it, ${formatDuration(each)}, at the soonest (RFC 9002 section 6.1.2), ${lost} times`,
  };
}
