/**
 * Requests wait for a connection because there are too few: more are in flight than there are connections (Little's law), or fewer, but bursts still
 * queue longer than the target allows, or tasks that hold several can block each other. docs/findings/pool-undersized.md
 */
import { presentCase, trusted } from "../../pool/cases.js";
import { mayBeHeldDown, percent } from "../../pool/littles-law.js";
import type { Finding, PoolModel, PoolReport } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { MIN_WAITING_SHARE } from "../thresholds.js";
import { modelled, periodOf, requestsOf, type SizedPool } from "./sized-pool.js";

const prose = PROSE["pool-undersized"];

export function poolUndersized(sized: SizedPool): Finding | null {
  const { pool, name } = sized;
  const { connections, recommendation, now } = pool;
  const judged = connections === null || recommendation === undefined ? null : judge(pool);
  if (connections === null || recommendation === undefined || judged === null) return null;
  const of = requestsOf(sized);
  return {
    code: "pool-undersized",
    severity: judged.certain ? "error" : "warning",
    title: prose.title(connections, recommendation.now.connections ?? now.connectionsNeeded),
    subject: { pool: name },
    count: Math.round(judged.share * of),
    of,
    costNs: costOf(judged.model, pool, of),
    confidence: judged.certain ? "certain" : judged.seen ? modelled(sized) : "possible",
    evidence: [
      ...judged.says.map((says) => ({ says })),
      ...(judged.share > 0 ? [{ says: `counted over ${periodOf(sized, of)}` }] : []),
    ],
    fix: [...prose.fix],
    whatIf: null,
  };
}

interface Judged {
  readonly certain: boolean;
  /** false: there are signs, but waiting itself cannot be told. */
  readonly seen: boolean;
  /** Of the requests, those that wait. */
  readonly share: number;
  /** What they wait, where that has an end. */
  readonly model: PoolModel | null;
  readonly says: readonly string[];
}

/** null: there are enough. */
function judge(pool: PoolReport): Judged | null {
  const { deadlock, recommendation, now } = pool;
  const stuck = deadlock?.safe === false ? [deadlock.says] : [];
  if (mayBeHeldDown(pool)) {
    const busy = `its connections are busy ${percent(Math.min(1, now.utilisation ?? 0))} of the time; who waits for one does not show in the rate behind them`;
    return { certain: stuck.length > 0, seen: false, share: 0, model: null, says: [...stuck, busy] };
  }
  // The queue grows: sooner or later everybody waits, and no wait is the longest.
  if (now.stable === false) {
    return { certain: true, seen: true, share: 1, model: null, says: [...pool.says.slice(0, 3), ...stuck] };
  }
  const model = presentModel(pool) ?? null;
  const targetNs = recommendation?.targetWaitP99Ns ?? 0;
  const matters = recommendation?.targetFrom === "given" ? 0 : MIN_WAITING_SHARE;
  const tooLong = model !== null && (model.waitP99Ns ?? 0) > targetNs && model.waitProbability >= matters;
  const waits = tooLong ? [sayWait(model, targetNs)] : [];
  if (stuck.length + waits.length === 0) return null;
  const share = model?.waitProbability ?? 0;
  return { certain: stuck.length > 0, seen: true, share, model, says: [...stuck, ...waits] };
}

function presentModel(pool: PoolReport): PoolModel | undefined {
  const present = presentCase(pool);
  return present === undefined ? undefined : trusted(present);
}

/** Only a simulation knows a longest wait; a formula has a 99th percentile to offer. */
function costOf(model: PoolModel | null, pool: PoolReport, of: number): Finding["costNs"] {
  if (model === null) return { total: 0, p50: 0, max: 0 };
  const { waitMeanNs, waitP50Ns, waitP99Ns } = model;
  const longestNs = presentCase(pool)?.models.find(({ waitMaxNs }) => waitMaxNs !== undefined)?.waitMaxNs;
  return {
    total: Math.round(waitMeanNs * of),
    p50: Math.round(waitP50Ns ?? 0),
    max: Math.round(longestNs ?? waitP99Ns ?? 0),
  };
}

const sayWait = ({ waitP99Ns, model }: PoolModel, targetNs: number): string =>
  `1 in 100 requests waits ${formatDuration(waitP99Ns ?? 0)} or more for a connection (${model}), and ${formatDuration(targetNs)} is the target`;
