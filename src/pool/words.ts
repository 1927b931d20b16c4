/** What the analysis of a pool says in sentences. */
import type { PoolCase, PoolLoad, PoolReport, PoolSize } from "../report/pool-model.js";
import { digits, formatDuration } from "../units/duration.js";
import { formatRate } from "../units/rate.js";
import { presentCase, trusted } from "./cases.js";
import { isExponential } from "./formulas.js";
import { amount, counted, mayBeHeldDown } from "./littles-law.js";
import type { PoolAnalysisQuestion } from "./question.js";

type Recommendation = Omit<NonNullable<PoolReport["recommendation"]>, "says">;

/** The verdict: how the pool fares, what to take, what else would help. Whole sentences. */
export function sayRecommendation(
  pool: PoolReport,
  recommendation: Recommendation,
  cases: readonly PoolCase[],
  deadlock: PoolReport["deadlock"] | null,
): string[] {
  return [
    ...sayPresent(pool, cases),
    ...(deadlock?.safe === false ? [`${capital(deadlock.says)}.`] : []),
    ...saySizes(pool, recommendation),
  ];
}

function sayPresent(pool: PoolReport, cases: readonly PoolCase[]): string[] {
  const { connections, now, arrivalPerSecond, streams } = pool;
  if (connections === null || now.capacityPerSecond === null) return [];
  const pooled = counted(connections) + (streams === undefined ? "" : ` x ${streams.perConnection} streams`);
  if (now.stable !== true && now.waiting === 0) {
    return [`Full: ${pooled} would be busy all the time, and what a burst queues up is never worked off.`];
  }
  if (now.stable !== true) {
    const waits =
      now.waiting === null || now.waiting === 0
        ? ""
        : `; of ${amount(now.inFlight)} requests in flight ${amount(now.waiting)} wait`;
    return [
      `Overloaded: ${pooled} ${connections === 1 ? "carries" : "carry"} ${formatRate(now.capacityPerSecond)} of the ${formatRate(arrivalPerSecond)} that arrive${waits}.`,
    ];
  }
  const present = presentCase({ cases: [...cases], connections });
  const figures = present === undefined ? undefined : trusted(present);
  const busy = `${capital(pooled)} ${connections === 1 ? "is" : "are"} ${percent3(now.utilisation ?? 0)} busy`;
  if (mayBeHeldDown(pool)) {
    return [
      `${busy}: more may want to come than the ${formatRate(arrivalPerSecond)} that were seen, as it is what such a pool lets through; give the rate that arrives (--rate).`,
    ];
  }
  if (figures === undefined || figures.waitP99Ns === null) return [`${busy}.`];
  const waits =
    figures.waitProbability < 0.00005
      ? "hardly a request waits"
      : `${percent3(figures.waitProbability)} of requests wait, ${formatDuration(figures.waitP99Ns)} at p99`;
  return [`${busy}: ${waits}.`];
}

function saySizes({ connections }: PoolReport, recommendation: Recommendation): string[] {
  const { now, grown, growth, after, targetFrom, targetWaitP99Ns } = recommendation;
  if (now.connections === null) return ["No size is recommended: more are in flight than can be worked out."];
  const target = `${formatDuration(targetWaitP99Ns)}${targetFrom === "default" ? ", a tenth of the time a connection is held" : ""}`;
  const why =
    now.from === "deadlock" ? "the fewest without a deadlock" : `the fewest with a wait p99 of at most ${target}`;
  const enough = connections === now.connections ? "; it has them" : "";
  const lines = [`Recommended: ${counted(now.connections)}, ${why}${enough}.`];
  if (grown !== null && growth !== null) {
    lines.push(`With ${digits(growth)} times the arrivals (${formatRate(grown.arrivalPerSecond)}): ${sized(grown)}.`);
  }
  if (after !== null) lines.push(`At ${formatDuration(after.residenceNs)} a request: ${sized(after)}.`);
  return lines;
}

const sized = ({ connections }: PoolSize): string =>
  connections === null ? "too many to work out" : counted(connections);

/** The verdict on several pools at once: those that cannot carry their load, then the span of what is recommended. */
export function saySeveral(pools: readonly { readonly name: string; readonly pool: PoolReport }[]): string[] {
  const short = pools.filter(({ pool }) => pool.now.stable === false);
  const sizes = pools.flatMap(({ name, pool }) => {
    const connections = pool.recommendation?.now.connections ?? null;
    return connections === null ? [] : [{ name, connections }];
  });
  const counts = sizes.map(({ connections }) => connections);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const largest = sizes.find(({ connections }) => connections === most);
  const span = least === most ? `${counted(most)} for each` : `from ${least} to ${counted(most)} (${largest?.name})`;
  return [
    ...short.flatMap(({ name, pool }) => sayPresent(pool, []).map((text) => `${name}: ${text}`)),
    ...(sizes.length === 0 ? [] : [`Recommended: ${span}.`]),
  ];
}

/** What the law leaves out of the account. */
export function sayLimits(
  { streamsPerConnection = 1 }: PoolAnalysisQuestion,
  deadlock: PoolReport["deadlock"] | null,
): string[] {
  const streams = `the ${streamsPerConnection} streams of a connection share its TCP: one lost segment holds all of them up (RFC 9113 leaves that to TCP), so have more than one connection`;
  return [
    ...(streamsPerConnection === 1 ? [] : [streams]),
    ...(deadlock === null || deadlock === undefined ? [] : [deadlock.says]),
  ];
}

/** How the variability is known, as that decides what the models can be trusted with. */
export function sayVariability(question: PoolAnalysisQuestion): string[] {
  const { arrivalCv2, arrivalFrom, service, serviceFrom } = question;
  const arrivals = `arrivals: squared variation ${digits(arrivalCv2)}, ${
    arrivalFrom === "assumed" ? "assumed (Poisson; bursts make it higher: --arrival-cv2)" : arrivalFrom
  }`;
  const assumed = "assumed (exponential, as only the mean is known: --service-cv2, or a report)";
  const shape =
    serviceFrom === "measured" ? "measured, drawn from the histogram" : serviceFrom === "given" ? "given" : assumed;
  const exact = isExponential({ arrivalCv2, service })
    ? ["under these assumptions M/M/c is exact, and the simulation a sample around it"]
    : [];
  return [arrivals, `time held: squared variation ${digits(service.cv2)}, ${shape}`, ...exact];
}

export function sayFix(
  code: string,
  question: PoolAnalysisQuestion,
  load: PoolLoad,
  recommended: number | null,
  before: number | null,
): string {
  const lawBefore = amount((question.arrivalPerSecond * question.residenceNs) / 1e9);
  const sizes = recommended === null || before === null ? "" : `, ${before} to ${counted(recommended)}`;
  return `without ${code}: ${formatDuration(question.residenceNs)} to ${formatDuration(load.residenceNs)} a request, ${lawBefore} to ${amount(load.inFlight)} in flight${sizes}`;
}

const percent3 = (share: number): string => `${digits(share * 100)} %`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
