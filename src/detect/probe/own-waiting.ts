/**
 * The rule that keeps `pool-too-small` honest: requests wait for a connection although the connections are idle on the network most
 * of the time. Then it is we who do not serve them fast enough, and no number of connections is the answer.
 */
import { feltNs } from "../latency-in-question.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { EXPLAINS_SHARE, POOL_BUSY_SHARE } from "../thresholds.js";
import { connectionsOf, median } from "./cells.js";

/** Waits for a free connection, our lateness not included; nanoseconds per answered request. */
export const poolWaitsNs = (cell: ProbeCell): Float64Array =>
  cell.waitNs.map((waitNs, at) => Math.max(0, waitNs - (cell.lagNs[at] as number)));

/**
 * How many connections, or streams on them, were busy on average by Little's law at the rate achieved, where requests waited all along without need; null: they
 * did not, or the connections, or a stop of the server, explain it.
 */
export function idleWhileWaiting(evidence: ProbeEvidence, cell: ProbeCell): number | null {
  if (!evidence.openLoop) return null;
  const feltP50Ns = median(feltNs(evidence, cell)) ?? 0;
  const longWaits = (median(poolWaitsNs(cell)) ?? 0) >= EXPLAINS_SHARE * feltP50Ns;
  // One answer that took as long as the others wait is what they may have waited for.
  const stopped = cell.run.latency.max >= EXPLAINS_SHARE * feltP50Ns;
  if (!longWaits || stopped) return null;
  const busy = (cell.run.ratePerSecond * residenceNs(evidence, cell)) / 1e9;
  const places = connectionsOf(evidence, cell) * (cell.run.h2?.streams ?? 1);
  return busy < POOL_BUSY_SHARE * places ? busy : null;
}

/**
 * Mean time that a request keeps its connection. The kernel's clock says when the answer came in, not when we got round to reading
 * it; where it is known and the answer is a segment or two, that is the honest end.
 */
function residenceNs(evidence: ProbeEvidence, cell: ProbeCell): number {
  const { run, firstByteNs } = cell;
  const segmentsIn = run.kernel?.dataSegmentsIn ?? Number.POSITIVE_INFINITY;
  if (!evidence.timestamps || segmentsIn > 2 * run.requests) return run.latency.mean;
  return firstByteNs.reduce((sum, each) => sum + each, 0) / Math.max(1, firstByteNs.length);
}
