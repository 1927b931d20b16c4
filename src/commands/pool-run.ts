/** The work behind `netlat pool`: from flags or a file to a report. */
import { judgePools } from "../detect/pool/judge.js";
import { usageError } from "../errors.js";
import { analysePool } from "../pool/analysis.js";
import type { PoolAnalysisQuestion } from "../pool/question.js";
import { exponential, measured, ofTwoMoments } from "../pool/variate.js";
import { saySeveral } from "../pool/words.js";
import { reportBase } from "../report/base.js";
import type { Report, Run } from "../report/model.js";
import { ns } from "../units/duration.js";
import { checkPoolOptions, type PoolOptions } from "./pool-options.js";
import { type PoolInput, type PoolSubject, pick, poolInput } from "./pool-subjects.js";
import { readSavedFile } from "./report-file.js";
import type { Ui } from "./ui.js";

/** Requests that all simulations of one size count, so that a report with many runs is not waited for. */
const ARRIVALS = 200_000;
const MIN_ARRIVALS = 20_000;

/** @throws NetlatError: exit 2 for flags, exit 3 for a file that cannot be read */
export async function poolReport(file: string | undefined, options: PoolOptions, ui: Ui): Promise<Report> {
  checkPoolOptions(file, options);
  const base = reportBase(new Date(), ui.environment(), ui.version);
  if (file === undefined) return fromNumbers(options, base);
  const saved = await readSavedFile(
    file,
    "name a report of netlat (--format json), an HdrHistogram log (--hlog), or - for standard input",
  );
  return fromInput(poolInput(saved.text, saved.name), saved.name, options, base);
}

type Base = Omit<Report, "source">;

function fromNumbers(options: PoolOptions, base: Base): Report {
  const { rate = 0, latency = ns(0), serviceCv2, after } = options;
  const shape = (meanNs: number) => ofTwoMoments(meanNs, serviceCv2 ?? 1);
  const pool = analysePool({
    ...common(options, ARRIVALS),
    arrivalPerSecond: rate,
    residenceNs: latency,
    connections: options.connections ?? null,
    afterNs: after ?? null,
    service: shape(latency),
    rateFrom: "given",
    serviceFrom: serviceCv2 === undefined ? "assumed" : "given",
    afterService: after === undefined ? null : shape(after),
    arrivalCv2: options.arrivalCv2 ?? 1,
    arrivalFrom: options.arrivalCv2 === undefined ? "assumed" : "given",
    fixes: [],
  });
  return {
    ...base,
    source: { kind: "pool", from: "numbers given on the command line" },
    pool,
    ...judgePools([{ name: "the numbers given", pool, requests: null }]),
    verdict: { status: "none", reasons: pool.recommendation?.says ?? [] },
  };
}

function fromInput({ from, subjects }: PoolInput, name: string, options: PoolOptions, base: Base): Report {
  const flag = options.run === undefined ? "--service" : "--run";
  const wanted = options.run ?? options.service;
  const picked = wanted === undefined ? subjects : pick(subjects, flag, wanted);
  const arrivals = Math.max(MIN_ARRIVALS, Math.floor(ARRIVALS / picked.length));
  const sized = picked.map((subject) => {
    const pool = analysePool(questionOf(subject, name, options, arrivals));
    return { name: subject.run.id, run: subject.run, pool, requests: subject.run.latency.count };
  });
  const only = sized.length === 1 ? sized[0] : undefined;
  const reasons = only === undefined ? saySeveral(sized) : (only.pool.recommendation?.says ?? []);
  return {
    ...base,
    source: { kind: "pool", from: only === undefined ? from : `${from}, ${only.name}` },
    runs: only === undefined ? sized.map(({ run, pool }) => ({ ...run, pool })) : [withoutPool(only.run)],
    pool: only?.pool ?? null,
    ...judgePools(sized),
    verdict: { status: "none", reasons },
  };
}

function withoutPool({ pool: _, ...run }: Run): Run {
  return run;
}

/** @throws NetlatError (exit 2) when neither the file nor a flag tells the rate */
function questionOf(subject: PoolSubject, name: string, options: PoolOptions, arrivals: number): PoolAnalysisQuestion {
  const { latency, run } = subject;
  const arrivalPerSecond = options.rate ?? subject.ratePerSecond;
  if (arrivalPerSecond === null) {
    throw usageError(`${name}, ${run.id}: ${subject.whyNoRate}; give the rate that arrives, such as --rate 5000/s`);
  }
  // Another rate is another load: what our own generator did says nothing about it.
  const other = subject.ownLoad && options.rate !== undefined;
  const arrivalCv2 = options.arrivalCv2 ?? (other ? null : subject.arrivalCv2);
  const afterNs = options.after ?? subject.afterNs;
  const values = [...latency.buckets()].map(({ middleNs, count }) => ({ valueNs: middleNs, count }));
  return {
    ...common(options, arrivals),
    arrivalPerSecond,
    residenceNs: latency.mean,
    connections: options.connections ?? (other ? null : subject.connections),
    afterNs,
    service: measured(values, latency.mean),
    rateFrom: options.rate === undefined ? "measured" : "given",
    serviceFrom: "measured",
    afterService: afterNs === null ? null : exponential(afterNs),
    arrivalCv2: arrivalCv2 ?? 1,
    arrivalFrom: options.arrivalCv2 !== undefined ? "given" : arrivalCv2 === null ? "assumed" : "measured",
    fixes: subject.fixes,
  };
}

type Common = Pick<
  PoolAnalysisQuestion,
  "targetWaitP99Ns" | "growth" | "tasks" | "streamsPerConnection" | "seed" | "arrivals"
>;

function common(options: PoolOptions, arrivals: number): Common {
  const { perTask, tasks } = options;
  return {
    targetWaitP99Ns: options.targetWaitP99 ?? null,
    growth: options.growth ?? null,
    tasks: perTask === undefined || tasks === undefined ? null : { perTask, tasks },
    streamsPerConnection: options.streamsPerConnection,
    seed: options.seed,
    arrivals,
  };
}
