import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { judgeAckDelay } from "../quic/ack-delay.js";
import { noAcks } from "../quic/subject.js";
import { sameBut, usableCells, whatIf } from "./cells.js";
import { quicDetector } from "./quic-cells.js";

/** An end that acknowledges later than it advertised (RFC 9000 section 13.2.1); where the experiment varies our own delay, what that costs. */
export const quicAckDelay = quicDetector("quic-ack-delay", judgeAckDelay, { cannotJudge: noAcks, refine: costByTwin });

/** Our own delay is a factor: the cell without it, all else equal, tells what it costs. */
function costByTwin(finding: Finding, cell: ProbeCell, evidence: ProbeEvidence): Finding {
  const prompt = usableCells(evidence).find(
    (other) => other !== cell && isPrompt(other) && sameBut(cell, other, [FACTOR]),
  );
  if (prompt === undefined || isPrompt(cell)) return finding;
  const each = Math.max(0, Math.round(cell.run.latency.p50 - prompt.run.latency.p50));
  const says = `p50 ${formatDuration(cell.run.latency.p50)} here, ${formatDuration(prompt.run.latency.p50)} in ${prompt.name}`;
  return {
    ...finding,
    costNs: { total: each * cell.latencyNs.length, p50: each, max: each },
    evidence: [...finding.evidence, { says }],
    whatIf: whatIf(prompt),
  };
}

const FACTOR = "ack-delay";
const isPrompt = ({ run }: ProbeCell): boolean => ["0", "none", "off", 0].includes(run.factors[FACTOR] ?? "");
