import type { Finding, H2Facts } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MIN_INFERRED_COUNT, MIN_INFERRED_SHARE, MIN_STREAM_WAIT_NS, STREAM_WAIT_SHARE } from "../thresholds.js";
import { costOf, quantile } from "./cells.js";
import { notStreams, streamCells } from "./stream-cells.js";

const prose = PROSE["h2-stream-limit"];

/** Requests that waited for one of the server's MAX_CONCURRENT_STREAMS (RFC 9113 section 5.1.2) before they could be sent. */
export const h2StreamLimit: ProbeDetector<"h2-stream-limit"> = {
  code: "h2-stream-limit",
  cannotJudge: notStreams,
  judge(evidence) {
    return streamCells(evidence).flatMap(({ cell, h2 }) => {
      if (h2.streamLimit === null || h2.streams <= h2.streamLimit) return [];
      const leastNs = Math.max(MIN_STREAM_WAIT_NS, STREAM_WAIT_SHARE * h2.server.p50);
      const waits = cell.queueNs.filter((waitNs) => waitNs >= leastNs);
      const enough = waits.length >= MIN_INFERRED_COUNT && waits.length >= MIN_INFERRED_SHARE * cell.queueNs.length;
      return enough ? [finding(cell, h2, h2.streamLimit, Array.from(waits))] : [];
    });
  },
};

function finding(cell: ProbeCell, h2: H2Facts, limit: number, waits: readonly number[]): Finding {
  const costNs = costOf(waits);
  const [count, of] = [waits.length, cell.latencyNs.length];
  return {
    code: "h2-stream-limit",
    severity: costNs.p50 * 2 >= cell.run.latency.p50 ? "error" : "warning",
    title: prose.title({ count, of, p50Ns: costNs.p50 }, limit),
    subject: { run: cell.run.id },
    count,
    of,
    costNs,
    confidence: "certain",
    evidence: [
      {
        says: `the server's SETTINGS_MAX_CONCURRENT_STREAMS is ${limit}, ${h2.streams} requests were there at once, ${h2.mostOpen} streams were open at most`,
      },
      ...lawWords(h2),
    ],
    fix: [...prose.fix],
    whatIf: withoutWait(cell),
  };
}

/** Little's law on both sides of the limit: it holds, so nothing else takes the time. */
function lawWords({ littlesLaw }: H2Facts): { says: string }[] {
  if (littlesLaw === null) return [];
  const says = (name: string, { arrivalPerSecond, residenceNs, expected, measured }: (typeof littlesLaw)["queue"]) =>
    `${name}: ${digits(arrivalPerSecond)}/s x ${formatDuration(residenceNs)} = ${digits(expected)} (L = lambda x W), measured ${digits(measured)}`;
  return [{ says: says("waiting for a stream", littlesLaw.queue) }, { says: says("on the wire", littlesLaw.wire) }];
}

function withoutWait(cell: ProbeCell): Finding["whatIf"] {
  const rest = cell.latencyNs.map((latencyNs, at) => Math.max(0, latencyNs - (cell.queueNs[at] || 0)));
  const [p50, p99] = [quantile(rest, 0.5), quantile(rest, 0.99)];
  return p50 === null || p99 === null ? null : { p50Ns: Math.round(p50), p99Ns: Math.round(p99) };
}
