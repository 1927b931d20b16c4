/** What a pool can be sized from: the runs of a report, the tags of a histogram log. */
import { EXIT, NetlatError, usageError } from "../errors.js";
import { fromHistogramData, toHistogramData } from "../report/histogram.js";
import type { Report, Run } from "../report/model.js";
import { parseReport } from "../report/parse.js";
import type { LatencyHistogram } from "../stats/histogram.js";
import { isHistogramLog, type LoggedHistogram, readHistogramLog } from "../stats/hlog-reader.js";

export interface PoolSubject {
  readonly run: Run;
  /** How long a request holds its connection. Not empty. */
  readonly latency: LatencyHistogram;
  /** Measured arrivals per second; null with the reason in `whyNoRate`. */
  readonly ratePerSecond: number | null;
  readonly whyNoRate: string;
  /** Connections of the pool that was seen; of a generator's own only while its own rate is asked about. */
  readonly connections: number | null;
  /** The load was made by netlat itself: its connections and arrivals tell nothing about another rate. */
  readonly ownLoad: boolean;
  readonly arrivalCv2: number | null;
  readonly afterNs: number | null;
  readonly fixes: readonly { readonly code: string; readonly residenceNs: number }[];
}

export interface PoolInput {
  /** For the head of the report. */
  readonly from: string;
  readonly subjects: readonly PoolSubject[];
}

/** @throws NetlatError (exit 3) where the text is neither, or holds no latency */
export function poolInput(text: string, name: string): PoolInput {
  const json = /^\s*\{/.test(text);
  if (!json && !isHistogramLog(text)) {
    throw new NetlatError(EXIT.unreadableInput, `${name}: neither a report of netlat nor an HdrHistogram log`, {
      hint: "name what netlat wrote with --format json or --hlog; of a capture make a report first: netlat pcap FILE --format json",
    });
  }
  const input = json ? ofReport(parseReport(text, name), name) : ofLog(readHistogramLog(text, name), name);
  if (input.subjects.length > 0) return input;
  throw new NetlatError(EXIT.unreadableInput, `${name}: holds no latencies to size a pool from`, {
    hint: "name a report of netlat probe, pcap or merge with at least one answered request",
  });
}

/** @throws NetlatError (exit 2) that lists what there is */
export function pick(subjects: readonly PoolSubject[], flag: "--run" | "--service", wanted: string): PoolSubject[] {
  const found = subjects.filter(({ run }) => {
    if (run.id === wanted) return true;
    return flag === "--service" && (run.endpoint === wanted || run.endpoint.endsWith(`:${wanted}`));
  });
  if (found.length > 0) return found;
  throw usageError(`${flag} ${wanted}: not in the file; there is ${subjects.map(({ run }) => run.id).join(", ")}`);
}

function ofReport(report: Report, name: string): PoolInput {
  const { source } = report;
  const what =
    source.kind === "probe"
      ? ` (probe of ${source.endpoint})`
      : source.kind === "capture"
        ? ` (capture ${source.file})`
        : "";
  const runs = report.runs.filter(({ latency }) => latency.count > 0 && latency.mean > 0);
  return { from: `${name}${what}`, subjects: runs.map((run) => ofRun(run, report)) };
}

function ofRun(run: Run, report: Report): PoolSubject {
  const { source } = report;
  const latency = fromHistogramData(run.latency);
  const fixes = fixesOf(run, report);
  const capture = source.kind === "capture" || run.concurrency !== undefined;
  const open = run.targetRatePerSecond !== null;
  const pool = run.pool ?? (report.runs.length === 1 ? report.pool : null);
  const pacing = source.kind === "probe" ? source.pacing : "";
  const level = run.factors.connections;
  const own = typeof level === "number" ? level : source.kind === "probe" ? source.connections : null;
  return {
    run,
    latency,
    ratePerSecond: capture ? run.ratePerSecond || null : run.targetRatePerSecond,
    whyNoRate: capture
      ? "its requests have no spacing"
      : "it was measured in a closed loop, whose rate is what the target let through and not what arrives",
    connections: capture ? (pool?.connections ?? null) : open ? own : null,
    ownLoad: !capture,
    arrivalCv2: open && pacing.includes("poisson") ? 1 : open && pacing.includes("constant") ? 0 : null,
    afterNs: run.pool?.after?.residenceNs ?? allFixed(run, fixes),
    fixes,
  };
}

function fixesOf(run: Run, report: Report): Fix[] {
  return report.findings.flatMap(({ code, subject, whatIf, costNs }) => {
    if (!("run" in subject) || subject.run !== run.id || whatIf === null || costNs.total <= 0) return [];
    const leastNs = leastMean(whatIf.p50Ns);
    return [{ code, leastNs, residenceNs: Math.max(leastNs, run.latency.mean - costNs.total / run.latency.count) }];
  });
}

interface Fix {
  readonly code: string;
  readonly residenceNs: number;
  readonly leastNs: number;
}

/** Half of the requests take the median or longer, so the mean is never below half of it (Markov's inequality). */
const leastMean = (medianNs: number): number => Math.max(1, medianNs / 2);

/** All of them fixed. Of a slow server nobody can promise how much there is to gain. */
function allFixed({ latency }: Run, fixes: readonly Fix[]): number | null {
  const certain = fixes.filter(({ code }) => code !== "slow-server");
  if (certain.length === 0) return null;
  const gainNs = certain.reduce((sum, { residenceNs }) => sum + latency.mean - residenceNs, 0);
  return Math.max(Math.min(...certain.map(({ leastNs }) => leastNs)), latency.mean - gainNs);
}

function ofLog(logged: readonly LoggedHistogram[], name: string): PoolInput {
  const tags = new Set(logged.map(({ tag }) => tag));
  const filled = logged.filter(({ histogram }) => histogram.count > 0 && histogram.mean > 0);
  // Our own log has the latency from the intended start beside: that includes the waiting that is asked about here.
  const service = filled.filter(
    ({ tag }) => !(tag?.endsWith(";corrected") && tags.has(tag.slice(0, -";corrected".length))),
  );
  return { from: `${name} (HdrHistogram log)`, subjects: service.map((one) => ofLogged(one)) };
}

function ofLogged({ tag, histogram, lengthSeconds }: LoggedHistogram): PoolSubject {
  const ratePerSecond = lengthSeconds > 0 ? histogram.count / lengthSeconds : 0;
  const id = tag ?? "all intervals";
  return {
    run: {
      id,
      factors: {},
      endpoint: id,
      requests: histogram.count,
      errors: {},
      answers: { answered: histogram.count },
      connections: 0,
      durationNs: Math.round(lengthSeconds * 1e9),
      ratePerSecond,
      targetRatePerSecond: null,
      latency: toHistogramData(histogram),
      corrected: null,
      sendLag: null,
      phases: {},
      warmup: null,
      kernel: null,
      wire: null,
      used: true,
      slowest: [],
    },
    latency: histogram,
    ratePerSecond: ratePerSecond > 0 ? ratePerSecond : null,
    whyNoRate: "its intervals have no length",
    connections: null,
    ownLoad: false,
    arrivalCv2: null,
    afterNs: null,
    fixes: [],
  };
}
