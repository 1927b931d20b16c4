import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { CHURN_SHARE } from "../thresholds.js";
import { connectionsOf, noUsableCell, usableCells } from "./cells.js";

const prose = PROSE["connection-churn"];
/** After these we close the connection ourselves; the next one is no fault of the server's. */
const CLOSED_BY_US = ["timeout", "malformed"] as const;

/** Connections opened for many requests where the lanes' own would have done. */
export const connectionChurn: ProbeDetector<"connection-churn"> = {
  code: "connection-churn",
  cannotJudge: noUsableCell,
  judge(evidence) {
    const cells = usableCells(evidence)
      .map((cell) => ({ cell, reopened: reopenedConnections(evidence, cell) }))
      .filter(({ cell, reopened }) => reopened > CHURN_SHARE * cell.run.requests)
      .sort(
        (left, right) =>
          right.reopened - left.reopened || (setupNs(evidence, right.cell) ?? 0) - (setupNs(evidence, left.cell) ?? 0),
      );
    const most = cells[0];
    return most === undefined ? [] : [finding(evidence, most.cell, most.reopened, cells.length - 1)];
  },
};

/** Connections opened beyond those that the cell needed; a server that says GOAWAY has findings of its own. */
export function reopenedConnections(evidence: ProbeEvidence, cell: ProbeCell): number {
  const ours = CLOSED_BY_US.reduce((sum, kind) => sum + (cell.run.errors[kind] ?? 0), 0);
  const goaways = evidence.reuse ? (cell.run.h2?.goaways.length ?? 0) : 0;
  return Math.max(0, cell.run.connections - connectionsOf(evidence, cell) - ours - goaways);
}

/** What a request waits for its connection: p50 of connecting, and of the TLS handshake where there is one; null: not measured. */
export function setupNs(evidence: ProbeEvidence, cell: ProbeCell): number | null {
  const { queue } = cell.run.phases;
  if (sentEarly(cell) && queue !== undefined) return queue.p50;
  const connect = cell.run.phases.connect ?? cell.run.phases.handshake ?? evidence.connect;
  return connect === null ? null : connect.p50 + (cell.run.phases.tls?.p50 ?? 0);
}

/** The request travels with the first flight (RFC 9001 section 4.6): it waits for no handshake, only until it is written. */
const sentEarly = ({ run }: ProbeCell): boolean => (run.quic?.earlyData.accepted ?? 0) > 0.5 * run.connections;

function finding(evidence: ProbeEvidence, cell: ProbeCell, reopened: number, elsewhere: number): Finding {
  const each = setupNs(evidence, cell);
  const { run } = cell;
  const cost = Math.round(each ?? 0);
  // With a connection per request the setup is part of the measured latency; else it fell between two requests.
  const inLatency = !evidence.reuse && each !== null;
  const saved = (latencyNs: number): number => Math.max(0, Math.round(latencyNs - (each ?? 0)));
  const tls = run.phases.tls === undefined ? "" : " with its TLS handshake";
  return {
    code: "connection-churn",
    severity: "warning",
    title: prose.title(run.connections, run.requests, evidence.reuse),
    subject: { run: run.id },
    count: Math.min(reopened, run.requests),
    of: run.requests,
    costNs: { total: cost * reopened, p50: cost, max: cost },
    confidence: "certain",
    evidence: [
      {
        says:
          `${run.connections} connections for ${run.requests} requests where ${connectionsOf(evidence, cell)} would do` +
          (each === null
            ? ""
            : `; each took ${formatDuration(each)} (p50) to ${sentEarly(cell) ? "open, the handshake beside the request in 0-RTT left out" : `set up${tls}`}`),
      },
      ...(elsewhere === 0 ? [] : [{ says: `the same in ${elsewhere} more cell${elsewhere === 1 ? "" : "s"}` }]),
    ],
    fix: [...(evidence.reuse ? prose.fix.byServer : prose.fix.byClient)],
    whatIf: inLatency ? { p50Ns: saved(run.latency.p50), p99Ns: saved(run.latency.p99) } : null,
  };
}
