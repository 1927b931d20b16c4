/** An end that acknowledges later than it said (max_ack_delay, RFC 9000 sections 13.2.1 and 18.2), or so late that it is taken for loss. */
import { distribution } from "../../report/histogram.js";
import type { Finding, QuicFacts } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import {
  ACK_DELAY_SLACK,
  ACK_DELAY_TICK_NS,
  MIN_DELAYED_ACK_NS,
  MIN_INFERRED_COUNT,
  MIN_INFERRED_SHARE,
} from "../thresholds.js";
import { lostForGood, type QuicJudge, type QuicSubject } from "./subject.js";

const prose = PROSE["quic-ack-delay"];
/** What a peer takes that was told nothing (RFC 9000 section 18.2). */
const DEFAULT_MAX_ACK_DELAY_NS = 25e6;

type Role = "client" | "server";
type AckDelay = NonNullable<QuicFacts["ackDelay"]["client"]>;

export const judgeAckDelay: QuicJudge = (subject) =>
  (["server", "client"] as const).flatMap((by) => {
    const delay = subject.facts.ackDelay[by];
    return delay === null || delay.claimed.count === 0 ? [] : judgeEnd(subject, by, delay);
  });

function judgeEnd(subject: QuicSubject, by: Role, delay: AckDelay): Finding[] {
  const advertisedNs = delay.advertisedNs ?? DEFAULT_MAX_ACK_DELAY_NS;
  const late = lateThan(delay, advertisedNs + Math.max(ACK_DELAY_TICK_NS, ACK_DELAY_SLACK * advertisedNs));
  const over = late >= MIN_INFERRED_COUNT && late >= MIN_INFERRED_SHARE * delay.claimed.count;
  const again = sentInVain(subject.facts, by);
  const shows = delay.claimed.p50 >= MIN_DELAYED_ACK_NS && again !== null;
  if (!over && !shows) return [];
  return [finding(subject, by, { delay, advertisedNs, late, over, again })];
}

const lateThan = ({ claimed }: AckDelay, limitNs: number): number =>
  claimed.max <= limitNs ? 0 : (distribution(claimed, [0, limitNs, claimed.max + 1])[1] ?? 0);

/** What the other end sent again although nothing had been lost: it took the ACK's lateness for a loss. null: nothing. */
function sentInVain({ loss }: QuicFacts, by: Role): string | null {
  const other = by === "server" ? "client" : "server";
  const seen = loss[other];
  if (seen === null) return null;
  const inVain = lostForGood(seen) === 0 && seen.resentBytes > 0;
  if (!inVain && seen.spurious === 0) return null;
  const taken = seen.spurious === 0 ? "" : `took ${seen.spurious} of ${seen.sent} packets for lost that had arrived`;
  const resent = inVain ? `sent ${formatSize(seen.resentBytes)} of streams again although nothing was lost` : "";
  return `the ${other} ${[taken, resent].filter((part) => part !== "").join(", and ")}`;
}

interface Lateness {
  readonly delay: AckDelay;
  readonly advertisedNs: number;
  readonly late: number;
  readonly over: boolean;
  readonly again: string | null;
}

function finding({ run, facts }: QuicSubject, by: Role, { delay, advertisedNs, late, over, again }: Lateness): Finding {
  const { claimed } = delay;
  const count = over ? late : claimed.count;
  const rtt =
    facts.rtt === null || facts.rtt.count === 0
      ? ""
      : `; the round trip without it is ${formatDuration(facts.rtt.p50)} (p50)`;
  return {
    code: "quic-ack-delay",
    severity: over && again !== null ? "warning" : "info",
    title: prose.title(by, {
      over,
      count,
      of: claimed.count,
      p50Ns: claimed.p50,
      p99Ns: claimed.p99,
      advertisedNs,
    }),
    subject: { run },
    count,
    of: claimed.count,
    // A late ACK makes nobody wait by itself; what it made the other end send again is in the evidence.
    costNs: { total: 0, p50: 0, max: 0 },
    confidence: "certain",
    evidence: [
      {
        says:
          `ACK Delay fields of the ${by}: p50 ${formatDuration(claimed.p50)}, p99 ${formatDuration(claimed.p99)}, max ${formatDuration(claimed.max)}; ` +
          `max_ack_delay ${formatDuration(advertisedNs)}${delay.advertisedNs === null ? " (the default: it was not seen)" : ""}${rtt}`,
      },
      {
        says: again ?? `the other end sent nothing again for it: ${digits(claimed.count)} ACKs, none taken for a loss`,
      },
    ],
    fix: [...prose.fix[by]],
    whatIf: null,
  };
}
