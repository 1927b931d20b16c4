/** From a finished run to the report: runs, effects, findings, theories, pool and the verdict in words. Pure. */
import { judge } from "../detect/judge.js";
import { connectionsOf, extremes, usableCells } from "../detect/probe/cells.js";
import { timelyEvidence } from "../detect/probe/generator-lag.js";
import { idleWhileWaiting } from "../detect/probe/own-waiting.js";
import type { ProbeCell, ProbeEvidence } from "../detect/probe-evidence.js";
import { theories } from "../detect/theories.js";
import { verdict } from "../detect/verdict.js";
import { sizePool } from "../pool/littles-law.js";
import type { Target } from "../protocols/protocol.js";
import { toHistogramData } from "../report/histogram.js";
import type { Finding, HistogramData, PoolReport, ProbeSource, Report, Run } from "../report/model.js";
import { LatencyHistogram } from "../stats/histogram.js";
import { effects } from "./effects.js";
import { cellName } from "./experiment.js";
import { type ProbePlan, placesOf } from "./plan.js";
import type { CellRun, ProbeRun } from "./runner.js";
import { judgeWire } from "./wire.js";

export interface Conclusion {
  readonly plan: ProbePlan;
  readonly run: ProbeRun;
  readonly source: Omit<ProbeSource, "interrupted" | "durationNs">;
  readonly dnsNs: number | null;
  readonly slowServerNs: number;
  readonly base: Omit<Report, "source">;
}

export function conclude({ plan, run, source, dnsNs, slowServerNs, base }: Conclusion): Report {
  const cells = run.cells
    .filter(({ collected }) => collected.requests > 0)
    .map((cell) => evidenceOf(cell, plan, dnsNs));
  const evidence = gatherEvidence(cells, run, plan, slowServerNs);
  const timely = timelyEvidence(evidence);
  const used = new Set(timely.cells.flatMap((cell) => (cell.run.used ? [cell.run.id] : [])));
  const usable = new Map(
    run.cells.filter(({ planned }) => used.has(planned.cell.id)).map((cell) => [cell.planned.cell.id, cell]),
  );
  const found = effects(
    [...usable.values()].map(({ planned }) => planned.cell),
    (id, round) => usable.get(id)?.collected.roundMeanNs(round),
    plan.rounds.length,
  );
  const { findings, detectors } = judge(evidence);
  const late = findings.some(({ code }) => code === "generator-lag") && usableCells(timely).length === 0;
  return {
    ...base,
    source: { ...source, interrupted: run.interrupted, durationNs: Math.round(run.durationNs) },
    runs: cells.map((cell) => cell.run),
    effects: found,
    findings,
    theories: theories(evidence, findings),
    detectors,
    pool: poolOf(timely, plan, findings),
    verdict: { status: late ? "inconclusive" : "none", reasons: verdict(evidence, findings, found) },
  };
}

function evidenceOf({ planned, collected }: CellRun, plan: ProbePlan, dnsNs: number | null): ProbeCell {
  const { cell, cuts, peer = plan } = planned;
  const { kernel } = collected;
  const { connections, pipeline } = placesOf(plan, planned);
  const { wire, used } = judgeWire({
    pieces: cuts.length + 1,
    nagle: cell.nagle === "on",
    cork: cell.cork === "on",
    pipeline,
    transport: peer.target.transport,
    writes: collected.writes,
    segments: kernel?.dataSegmentsOut ?? null,
    wholes: collected.wholes,
    answered: collected.answered,
  });
  const openLoop = plan.pacing.kind === "open" ? plan.pacing.ratePerSecond : null;
  const run: Run = {
    id: cell.id,
    factors: { ...cell.factors },
    endpoint: peer.target.endpoint,
    requests: collected.requests,
    errors: collected.errors,
    errorExamples: collected.examples,
    answers: collected.answers,
    connections: collected.opened,
    ...(cell.resume === undefined ? {} : { tlsResumed: collected.resumed }),
    durationNs: Math.round(collected.durationNs),
    ratePerSecond: collected.durationNs > 0 ? collected.answered / (collected.durationNs / 1e9) : 0,
    targetRatePerSecond: openLoop,
    latency: toHistogramData(collected.latency),
    corrected: openLoop === null ? null : toHistogramData(collected.corrected),
    sendLag: toHistogramData(collected.lag),
    phases: phasesOf(collected, dnsNs, peer.target.transport),
    warmup:
      collected.warmupRequests === 0
        ? null
        : {
            requests: collected.warmupRequests,
            first: dataOrNull(collected.warmupFirst),
            rest: dataOrNull(collected.warmupRest),
          },
    kernel,
    wire,
    used,
    slowest: collected.slowest,
    ...(collected.h2 === undefined ? {} : { h2: collected.h2 }),
    ...(collected.quic === undefined ? {} : { quic: collected.quic }),
    blocks: collected.blocks.map((block) => ({ ...block, meanNs: Math.round(block.meanNs) })),
  };
  return {
    run,
    name: cellName(
      cell,
      plan.cells.map((planned) => planned.cell),
    ),
    ...(connections === plan.connections ? {} : { connections }),
    nagle: cell.nagle === "on",
    pieces: cuts.length + 1,
    wholes: collected.wholes,
    quickack: cell.quickack ?? "default",
    cork: cell.cork === "on",
    gapNs: plan.gapNs,
    latencyNs: Float64Array.from(collected.columns.latencyNs),
    firstByteNs: Float64Array.from(collected.columns.firstByteNs),
    thinkNs: Float64Array.from(collected.columns.thinkNs),
    heldNs: Float64Array.from(collected.columns.heldNs),
    ackDelayNs: Float64Array.from(collected.columns.ackDelayNs),
    lagNs: Float64Array.from(collected.columns.lagNs),
    waitNs: Float64Array.from(collected.columns.waitNs),
    queueNs: Float64Array.from(collected.columns.queueNs),
    windowNs: Float64Array.from(collected.columns.windowNs),
  };
}

function phasesOf(
  collected: CellRun["collected"],
  dnsNs: number | null,
  transport: Target["transport"],
): Record<string, HistogramData> {
  const phases: Record<string, HistogramData> = {};
  if (dnsNs !== null) {
    const dns = new LatencyHistogram();
    dns.record(dnsNs);
    phases.dns = toHistogramData(dns);
  }
  // QUIC makes the connection and its keys in one handshake (RFC 9001 section 4).
  const setup = transport === "quic" ? "handshake" : "connect";
  if (collected.connect.count > 0) phases[setup] = toHistogramData(collected.connect);
  if (collected.tls.count > 0) phases.tls = toHistogramData(collected.tls);
  if (collected.queue.count > 0) phases.queue = toHistogramData(collected.queue);
  if (collected.behind.count > 0) phases.behind = toHistogramData(collected.behind);
  if (collected.ttfb.count > 0) phases.ttfb = toHistogramData(collected.ttfb);
  return phases;
}

const dataOrNull = (h: LatencyHistogram): HistogramData | null => (h.count === 0 ? null : toHistogramData(h));

function gatherEvidence(
  cells: readonly ProbeCell[],
  run: ProbeRun,
  plan: ProbePlan,
  slowServerNs: number,
): ProbeEvidence {
  const connect = new LatencyHistogram();
  for (const { collected } of run.cells) connect.merge(collected.connect);
  const least = (pick: (cell: ProbeCell) => number | null | undefined): number | null => {
    const seen = cells.map(pick).filter((value) => value !== null && value !== undefined);
    return seen.length === 0 ? null : Math.min(...seen);
  };
  return {
    cells,
    ...extremes(cells),
    minRttNs: least((cell) => cell.run.kernel?.minRttNs ?? quicRttNs(cell)),
    handshakeRttNs: least((cell) => cell.run.kernel?.handshakeRttNs),
    connect: dataOrNull(connect),
    openLoop: plan.pacing.kind === "open",
    connections: plan.connections,
    reuse: plan.reuse,
    timestamps: plan.timestamps,
    slowServerNs,
  };
}

/** Smallest round trip of its datagrams; undefined: none was measured. */
function quicRttNs({ run }: ProbeCell): number | undefined {
  const rtt = run.quic?.rtt;
  return rtt === undefined || rtt === null || rtt.count === 0 ? undefined : rtt.min;
}

/** The worst cell's load by Little's law, and what the calm one would need for the same rate. */
function poolOf(evidence: ProbeEvidence, plan: ProbePlan, findings: readonly Finding[]): PoolReport | null {
  const { worst, calm } = evidence;
  // On a pipelined connection a request does not hold the connection for itself.
  if (plan.pipeline > 1) return null;
  // Several versions of HTTP side by side are no one service's load.
  if (plan.cells.some(({ cell }) => cell.http !== undefined)) return null;
  // Nor on one with other streams beside it: what waits, and for what, stands with the streams.
  const measured = plan.cells.find(({ cell }) => cell.id === worst?.run.id);
  if (measured !== undefined && placesOf(plan, measured).pipeline > 1) return null;
  // Where netlat is what requests wait for, no number of connections can be derived from it.
  if (worst === null || idleWhileWaiting(evidence, worst) !== null) return null;
  const arrivalPerSecond = plan.pacing.kind === "open" ? plan.pacing.ratePerSecond : worst.run.ratePerSecond;
  const residenceNs = worst.run.latency.mean;
  if (!(arrivalPerSecond > 0) || !(residenceNs > 0)) return null;
  const fixed = findings.some(({ severity }) => severity === "error") && calm !== null && calm !== worst;
  return sizePool({
    arrivalPerSecond,
    residenceNs,
    connections: connectionsOf(evidence, worst),
    afterNs: fixed ? Math.max(1, calm.run.latency.mean) : null,
  });
}
