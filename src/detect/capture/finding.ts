/** From a tally to a finding: what all detectors of captures say in the same way. */
import type { Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import type { CaptureFindingCode } from "../finding-codes.js";
import type { Tally } from "./tally.js";

export interface FindingWords {
  readonly code: CaptureFindingCode;
  readonly severity: Finding["severity"];
  readonly confidence: Finding["confidence"];
  readonly title: (share: { count: number; of: number; p50Ns: number }) => string;
  /** What is told of all of them, before the worst ones are shown. */
  readonly first: readonly string[];
  readonly fix: readonly string[];
  /** What `count` is a part of; the exchanges of the service, the unanswered ones among them, when not given. */
  readonly of?: number;
}

export function findingOf(service: Service, tally: Tally, words: FindingWords): Finding {
  const { count, costs } = tally;
  const of = Math.max(count, words.of ?? service.exchanges + tally.unfinished);
  const costNs = { total: Math.round(costs.sum), p50: Math.round(costs.quantile(0.5)), max: costs.max };
  return {
    code: words.code,
    severity: words.severity,
    title: words.title({ count, of, p50Ns: costNs.p50 }),
    subject: { run: service.id },
    count,
    of,
    costNs,
    confidence: words.confidence,
    evidence: [
      ...words.first.map((says) => ({ says })),
      ...tally.proofs.map(({ packets, atNs, says }) => ({ packets: [...packets], atNs, says })),
    ],
    fix: [...words.fix],
    ...(tally.ladder === undefined ? {} : { ladder: tally.ladder }),
    whatIf: whatIf(service, tally),
  };
}

/** The latencies of the service, with those of the delayed exchanges replaced by what they would have been. */
function whatIf(service: Service, tally: Tally): Finding["whatIf"] {
  if (tally.delayed.count === 0) return null;
  const without = service.latency.replacing(tally.delayed, tally.cured);
  return { p50Ns: Math.round(without.quantile(0.5)), p99Ns: Math.round(without.quantile(0.99)) };
}
