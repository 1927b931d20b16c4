/**
 * How many connections a pool needs: L = lambda x W (J. D. C. Little, "A Proof for the Queuing Formula: L = lambda W",
 * Operations Research 9(3), 1961, 383-387). L requests are in flight on average when lambda arrive per second and each holds
 * a connection for W; it holds for any distribution, as long as there is a steady state. Pure.
 */
import { usageError } from "../errors.js";
import type { PoolLoad, PoolReport } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";
import { formatRate } from "../units/rate.js";

export interface PoolQuestion {
  /** lambda, above 0. */
  readonly arrivalPerSecond: number;
  /** W: how long a request holds its connection on average, waiting for one not included; above 0. */
  readonly residenceNs: number;
  /** Size of the pool, null when it is not known. */
  readonly connections: number | null;
  /** W after the fix, null when there is none to compare with. */
  readonly afterNs: number | null;
  /** Share of the time that a connection may be busy, above 0 up to 1; 1 (the least that can carry the load) when not given. */
  readonly targetUtilisation?: number;
}

/**
 * @throws RangeError when the question's numbers are outside what PoolQuestion says
 * @throws NetlatError (exit 2) when more would be in flight than a whole number can count
 */
export function sizePool(question: PoolQuestion): PoolReport {
  const { arrivalPerSecond, residenceNs, connections, afterNs, targetUtilisation = 1 } = question;
  const positive = [arrivalPerSecond, residenceNs, afterNs ?? 1, targetUtilisation];
  if (!positive.every((value) => value > 0 && Number.isFinite(value)) || targetUtilisation > 1) {
    throw new RangeError(`sizePool: rate, residence and utilisation must be above 0: ${positive.join(", ")}`);
  }
  const load = (ns: number) => loadOf(arrivalPerSecond, ns, connections, targetUtilisation);
  const now = load(residenceNs);
  const after = afterNs === null ? null : load(afterNs);
  const says = [...sayNow(question, now), ...(after === null ? [] : [sayAfter(question, now, after)])];
  return { arrivalPerSecond, connections, now, after, says };
}

function loadOf(arrivalPerSecond: number, residenceNs: number, connections: number | null, target: number): PoolLoad {
  const inFlight = withoutDust((arrivalPerSecond * residenceNs) / 1e9);
  const connectionsNeeded = Math.max(1, Math.ceil(withoutDust(inFlight / target)));
  if (!Number.isSafeInteger(connectionsNeeded)) {
    const product = `${formatRate(arrivalPerSecond)} x ${formatDuration(residenceNs)}`;
    throw usageError(`${product}: more in flight than can be counted; use a lower rate or latency`);
  }
  const load = { residenceNs, inFlight, connectionsNeeded };
  if (connections === null) {
    return { ...load, utilisation: null, capacityPerSecond: null, waiting: null, stable: null };
  }
  return {
    ...load,
    utilisation: inFlight / connections,
    capacityPerSecond: (connections * 1e9) / residenceNs,
    waiting: Math.max(0, inFlight - connections),
    // At exactly full use any variation queues up and is never worked off.
    stable: inFlight < connections,
  };
}

/** 224.99999999999997 is 225: what rounding left behind must not cost a connection. */
function withoutDust(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-9 * Math.max(1, whole) ? whole : value;
}

function sayNow({ arrivalPerSecond, connections, targetUtilisation = 1 }: PoolQuestion, now: PoolLoad): string[] {
  const { residenceNs, inFlight, connectionsNeeded, capacityPerSecond } = now;
  const law = `${formatRate(arrivalPerSecond)} x ${formatDuration(residenceNs)} = ${amount(inFlight)} in flight on average (Little's law, L = lambda x W)`;
  const needed =
    targetUtilisation === 1
      ? `at least ${counted(connectionsNeeded)} needed, more to take bursts`
      : `${counted(connectionsNeeded)} needed for a utilisation of at most ${percent(targetUtilisation)}`;
  if (connections === null || capacityPerSecond === null) return [law, needed];
  if (now.stable === true) return [law, `${sayUse(connections, now)}; ${needed}`];
  const growth = arrivalPerSecond - capacityPerSecond;
  if (inFlight <= connections) {
    return [
      law,
      `${counted(connections)} would be busy all the time: what a burst queues up is never worked off`,
      needed,
    ];
  }
  return [
    law,
    `${counted(connections)} carry at most ${formatRate(capacityPerSecond)}: unstable, there is no steady state, the queue grows by ${formatRate(growth)} for as long as the load lasts`,
    `of ${amount(inFlight)} that want a connection ${connections} hold one and ${amount(inFlight - connections)} wait`,
    needed,
  ];
}

function sayAfter({ connections }: PoolQuestion, now: PoolLoad, after: PoolLoad): string {
  const change = `at ${formatDuration(after.residenceNs)} instead of ${formatDuration(now.residenceNs)}: ${amount(after.inFlight)} in flight, ${counted(after.connectionsNeeded)} needed`;
  if (connections === null || after.capacityPerSecond === null) return change;
  if (after.stable === true) return `${change}; ${sayUse(connections, after)}`;
  return `${change}; ${counted(connections)} would still be too few, they carry at most ${formatRate(after.capacityPerSecond)}`;
}

function sayUse(connections: number, { utilisation, capacityPerSecond }: PoolLoad): string {
  return `utilisation ${percent(utilisation ?? 0)} of ${counted(connections)}, which carry at most ${formatRate(capacityPerSecond ?? 0)}`;
}

const counted = (connections: number): string => `${connections} connection${connections === 1 ? "" : "s"}`;
const amount = (value: number): string => (Number.isInteger(value) ? String(value) : digits(value));
const percent = (share: number): string => `${amount(withoutDust(share * 100))} %`;
