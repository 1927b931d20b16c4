/** The whole answer of `netlat pool` for one pool: Little's law, what it leaves open, and the size to take. Pure. */
import type { PoolCase, PoolFix, PoolReport, PoolSize } from "../report/pool-model.js";
import { poolCase } from "./cases.js";
import { deadlock, deadlockFloor } from "./deadlock.js";
import { poolLoad, sizePool } from "./littles-law.js";
import type { PoolAnalysisQuestion } from "./question.js";
import { Requests } from "./requests.js";
import { type Demand, fewestConnections, knee } from "./sizing.js";
import type { Variate } from "./variate.js";
import { exponential } from "./variate.js";
import { sayFix, sayLimits, sayRecommendation, sayVariability } from "./words.js";

const DEFAULT_TARGET_SHARE = 0.1;

/** @throws as sizePool */
export function analysePool(question: PoolAnalysisQuestion): PoolReport {
  const base = sizePool(question);
  const { connections, growth, tasks, arrivalCv2, arrivalFrom, serviceFrom, service } = question;
  const now = demandOf(question, question.arrivalPerSecond, service);
  const size = fewestConnections(now);
  const grown =
    growth === null ? null : fewestConnections(demandOf(question, question.arrivalPerSecond * growth, service));
  const after =
    question.afterService === null ? null : demandOf(question, question.arrivalPerSecond, question.afterService);
  const afterSize = after === null ? null : fewestConnections(after);
  const stuck = tasks === null ? null : deadlock(tasks, connections);
  const variability = { arrivalCv2, arrivalFrom, serviceCv2: service.cv2, serviceFrom };
  const recommendation = {
    targetWaitP99Ns: now.targetWaitP99Ns,
    targetFrom: question.targetWaitP99Ns === null ? ("default" as const) : ("given" as const),
    now: size,
    growth,
    grown,
    after: afterSize,
  };
  const cases = [...casesOf("now", now, size, question), ...casesOf("after", after, afterSize, question)];
  return {
    ...base,
    rateFrom: question.rateFrom,
    says: [...base.says, ...sayLimits(question, stuck)],
    ...(stuck === null ? {} : { deadlock: stuck }),
    variability: { ...variability, says: sayVariability(question) },
    cases,
    recommendation: {
      ...recommendation,
      says: sayRecommendation({ ...base, rateFrom: question.rateFrom }, recommendation, cases, stuck),
    },
    knee: size.connections === null ? [] : knee(now, size.connections, marked(question, size, grown)),
    ...(question.fixes.length === 0 ? {} : { fixes: question.fixes.map((fix) => fixOf(fix, question, size)) }),
  };
}

function demandOf(question: PoolAnalysisQuestion, arrivalPerSecond: number, service: Variate): Demand {
  const load = { arrivalPerNs: arrivalPerSecond / 1e9, arrivalCv2: question.arrivalCv2, service };
  const { tasks } = question;
  return {
    load,
    requests: Requests.draw(load, question.arrivals, question.seed),
    streamsPerConnection: question.streamsPerConnection ?? 1,
    targetWaitP99Ns: question.targetWaitP99Ns ?? service.meanNs * DEFAULT_TARGET_SHARE,
    floor: tasks === null ? 1 : deadlockFloor(tasks.perTask, tasks.tasks),
  };
}

/** The size that the pool has, if it can carry the load; else, or when it is not known, the size recommended. */
function casesOf(
  name: PoolCase["load"],
  demand: Demand | null,
  size: PoolSize | null,
  { connections }: PoolAnalysisQuestion,
): PoolCase[] {
  if (demand === null || size === null || size.connections === null) return [];
  const { load, requests, streamsPerConnection } = demand;
  const stable = (count: number): boolean =>
    load.arrivalPerNs * load.service.meanNs < count * streamsPerConnection * (1 - 1e-9);
  const sizes = connections !== null && stable(connections) ? [connections] : [];
  if (sizes[0] !== size.connections && (name === "now" || sizes.length === 0)) sizes.push(size.connections);
  return sizes.map((count) =>
    poolCase({
      load: name,
      queue: { ...load, servers: count * streamsPerConnection },
      connections: count,
      recommended: count === size.connections,
      requests,
    }),
  );
}

const marked = ({ connections }: PoolAnalysisQuestion, size: PoolSize, grown: PoolSize | null): number[] =>
  [connections, size.connections, grown?.connections].filter((count) => typeof count === "number");

/** Its own shape is gone with the fix, so the rest is taken to be exponential. */
function fixOf(
  { code, residenceNs }: PoolAnalysisQuestion["fixes"][number],
  question: PoolAnalysisQuestion,
  size: PoolSize,
): PoolFix {
  const load = poolLoad(question, residenceNs);
  const recommended = fewestConnections(
    demandOf(question, question.arrivalPerSecond, exponential(residenceNs)),
  ).connections;
  return { code, load, recommended, says: sayFix(code, question, load, recommended, size.connections) };
}
