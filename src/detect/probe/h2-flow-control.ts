import type { Finding } from "../../report/model.js";
import { formatSize } from "../../units/size.js";
import type { ProbeDetector } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MIN_INFERRED_COUNT, MIN_INFERRED_SHARE, MIN_STREAM_WAIT_NS } from "../thresholds.js";
import { costOf, quantile } from "./cells.js";
import { notStreams, type StreamCell, streamCells } from "./stream-cells.js";

const prose = PROSE["h2-flow-control"];
/** RFC 9113 section 6.9.2. */
const DEFAULT_WINDOW_BYTES = 65_535;

/** Bodies that waited for the server's WINDOW_UPDATE (RFC 9113 section 5.2). */
export const h2FlowControl: ProbeDetector<"h2-flow-control"> = {
  code: "h2-flow-control",
  cannotJudge: notStreams,
  judge(evidence) {
    return streamCells(evidence).flatMap((one) => {
      const waits = one.cell.windowNs.filter((waitNs) => waitNs >= MIN_STREAM_WAIT_NS);
      const enough =
        waits.length >= MIN_INFERRED_COUNT && waits.length >= MIN_INFERRED_SHARE * one.cell.windowNs.length;
      return enough ? [finding(one, Array.from(waits))] : [];
    });
  },
};

function finding({ cell, h2 }: StreamCell, waits: readonly number[]): Finding {
  const costNs = costOf(waits);
  const [count, of] = [waits.length, cell.latencyNs.length];
  const window = h2.serverSettings.INITIAL_WINDOW_SIZE ?? DEFAULT_WINDOW_BYTES;
  const rest = cell.latencyNs.map((latencyNs, at) => Math.max(0, latencyNs - (cell.windowNs[at] || 0)));
  const [p50, p99] = [quantile(rest, 0.5), quantile(rest, 0.99)];
  return {
    code: "h2-flow-control",
    severity: costNs.p50 * 2 >= cell.run.latency.p50 ? "error" : "warning",
    title: prose.title({ count, of, p50Ns: costNs.p50 }),
    subject: { run: cell.run.id },
    count,
    of,
    costNs,
    confidence: "certain",
    evidence: [
      {
        says: `the server announced a window of ${formatSize(window)} per stream; ${h2.frames.received.WINDOW_UPDATE ?? 0} WINDOW_UPDATE frames came`,
      },
    ],
    fix: [...prose.fix.server],
    whatIf: p50 === null || p99 === null ? null : { p50Ns: Math.round(p50), p99Ns: Math.round(p99) },
  };
}
