import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MAX_LAG_NS, MAX_LAG_SHARE } from "../thresholds.js";
import { costOf, noUsableCell, quantile, usableCells } from "./cells.js";

const prose = PROSE["generator-lag"];

/** In the open loop requests are due at a time; when we sent them late, the latency we would report is our own. */
export const generatorLag: ProbeDetector<"generator-lag"> = {
  code: "generator-lag",
  cannotJudge(evidence) {
    return evidence.openLoop ? noUsableCell(evidence) : "closed loop: no request was due at a given time";
  },
  judge(evidence) {
    const limitNs = lagLimitNs(evidence);
    const late = usableCells(evidence)
      .map((cell) => ({ cell, p99Ns: quantile(cell.lagNs, 0.99) ?? 0 }))
      .filter(({ p99Ns }) => p99Ns > limitNs)
      .sort((left, right) => right.p99Ns - left.p99Ns);
    const most = late[0];
    return most === undefined ? [] : [finding(most.cell, most.p99Ns, limitNs)];
  },
};

function lagLimitNs(evidence: ProbeEvidence): number {
  return Math.max(MAX_LAG_NS, MAX_LAG_SHARE * (evidence.calm?.run.latency.p50 ?? 0));
}

function finding(cell: ProbeCell, p99Ns: number, limitNs: number): Finding {
  const late = Array.from(cell.lagNs.filter((lag) => lag > limitNs));
  const rate = cell.run.targetRatePerSecond;
  return {
    code: "generator-lag",
    severity: "warning",
    title: prose.title({ p99Ns, limitNs }),
    subject: { run: cell.run.id },
    count: late.length,
    of: cell.lagNs.length,
    costNs: costOf(late),
    confidence: "certain",
    evidence: [
      {
        says:
          `${late.length} of ${cell.lagNs.length} requests left more than ${formatDuration(limitNs)} after they were due and a connection was free` +
          (rate === null ? "" : `; asked for ${rate}/s, ${Math.round(cell.run.ratePerSecond)}/s were answered`),
      },
    ],
    fix: [...prose.fix],
    whatIf: null,
  };
}
