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
  /** HTTP/2: requests that one connection carries at once, a whole number from 1; 1 when not given. */
  readonly streamsPerConnection?: number;
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
  const now = poolLoad(question, residenceNs);
  const after = afterNs === null ? null : poolLoad(question, afterNs);
  const says = [...sayNow(question, now), ...(after === null ? [] : [sayAfter(question, now, after)])];
  return { arrivalPerSecond, connections, now, after, says, ...streamsOf(question) };
}

/** The load of a question when a request holds its connection for `residenceNs`. @throws as sizePool */
export function poolLoad(question: PoolQuestion, residenceNs: number): PoolLoad {
  const { arrivalPerSecond, connections, targetUtilisation = 1, streamsPerConnection = 1 } = question;
  const inFlight = withoutDust((arrivalPerSecond * residenceNs) / 1e9);
  const connectionsNeeded = Math.max(1, Math.ceil(withoutDust(inFlight / targetUtilisation / streamsPerConnection)));
  if (!Number.isSafeInteger(connectionsNeeded)) {
    const product = `${formatRate(arrivalPerSecond)} x ${formatDuration(residenceNs)}`;
    throw usageError(`${product}: more in flight than can be counted; use a lower rate or latency`);
  }
  const load = { residenceNs, inFlight, connectionsNeeded };
  if (connections === null) {
    return { ...load, utilisation: null, capacityPerSecond: null, waiting: null, stable: null };
  }
  const slots = connections * streamsPerConnection;
  return {
    ...load,
    utilisation: inFlight / slots,
    capacityPerSecond: (slots * 1e9) / residenceNs,
    waiting: Math.max(0, inFlight - slots),
    // At exactly full use any variation queues up and is never worked off.
    stable: inFlight < slots,
  };
}

function streamsOf({ connections, streamsPerConnection = 1 }: PoolQuestion): Pick<PoolReport, "streams"> {
  if (streamsPerConnection === 1) return {};
  const slots = connections === null ? null : connections * streamsPerConnection;
  return { streams: { perConnection: streamsPerConnection, slots } };
}

/** Busier than this nearly always: who waits in front of such a pool does not show in the rate behind it. */
const FULL_SHARE = 0.9;

/** The rate was measured behind a pool that is full, or nearly so. */
export const mayBeHeldDown = ({ rateFrom, now }: Pick<PoolReport, "rateFrom" | "now">): boolean =>
  rateFrom === "measured" && (now.utilisation ?? 0) >= FULL_SHARE;

/** 224.99999999999997 is 225: what rounding left behind must not cost a connection. */
function withoutDust(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-9 * Math.max(1, whole) ? whole : value;
}

function sayNow(question: PoolQuestion, now: PoolLoad): string[] {
  const { arrivalPerSecond, connections, targetUtilisation = 1 } = question;
  const { residenceNs, inFlight, connectionsNeeded, capacityPerSecond } = now;
  const law = `${formatRate(arrivalPerSecond)} x ${formatDuration(residenceNs)} = ${amount(inFlight)} in flight on average (Little's law, L = lambda x W)`;
  const needed =
    targetUtilisation === 1
      ? `at least ${counted(connectionsNeeded)} needed, more to take bursts`
      : `${counted(connectionsNeeded)} needed for a utilisation of at most ${percent(targetUtilisation)}`;
  if (connections === null || capacityPerSecond === null) return [law, needed];
  if (now.stable === true) return [law, `${sayUse(question, connections, now)}; ${needed}`];
  const growth = arrivalPerSecond - capacityPerSecond;
  const slots = connections * (question.streamsPerConnection ?? 1);
  if (inFlight <= slots) {
    return [
      law,
      `${pooled(question, connections)} would be busy all the time: what a burst queues up is never worked off`,
      needed,
    ];
  }
  return [
    law,
    `${pooled(question, connections)} ${connections === 1 ? "carries" : "carry"} at most ${formatRate(capacityPerSecond)}: unstable, there is no steady state, the queue grows by ${formatRate(growth)} for as long as the load lasts`,
    `of ${amount(inFlight)} that want a ${slots === connections ? "connection" : "stream"} ${slots} ${slots === 1 ? "holds" : "hold"} one and ${amount(inFlight - slots)} wait`,
    needed,
  ];
}

function sayAfter(question: PoolQuestion, now: PoolLoad, after: PoolLoad): string {
  const { connections } = question;
  const change = `at ${formatDuration(after.residenceNs)} instead of ${formatDuration(now.residenceNs)}: ${amount(after.inFlight)} in flight, ${counted(after.connectionsNeeded)} needed`;
  if (connections === null || after.capacityPerSecond === null) return change;
  if (after.stable === true) return `${change}; ${sayUse(question, connections, after)}`;
  return `${change}; ${pooled(question, connections)} would still be too few, ${carry(connections)} at most ${formatRate(after.capacityPerSecond)}`;
}

function sayUse(question: PoolQuestion, connections: number, { utilisation, capacityPerSecond }: PoolLoad): string {
  const use = `utilisation ${percent(utilisation ?? 0)} of ${pooled(question, connections)}`;
  return `${use}, which carr${connections === 1 ? "ies" : "y"} at most ${formatRate(capacityPerSecond ?? 0)}`;
}

/** `3 connections x 100 streams` where a connection carries more than one request at once. */
function pooled({ streamsPerConnection = 1 }: PoolQuestion, connections: number): string {
  return counted(connections) + (streamsPerConnection === 1 ? "" : ` x ${streamsPerConnection} streams`);
}

const carry = (connections: number): string => (connections === 1 ? "it carries" : "they carry");
export const counted = (connections: number): string => `${connections} connection${connections === 1 ? "" : "s"}`;
export const amount = (value: number): string => (Number.isInteger(value) ? String(value) : digits(value));
export const percent = (share: number): string => `${amount(withoutDust(share * 100))} %`;
