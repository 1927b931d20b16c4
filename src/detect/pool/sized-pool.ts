/** What the detectors of pools look at, and what they count: requests. */
import type { Finding, PoolReport } from "../../report/model.js";

export interface SizedPool {
  /** What it serves: a service, a cell, or the numbers given. */
  readonly name: string;
  readonly pool: PoolReport;
  /** Requests measured; null: none, only numbers were given. */
  readonly requests: number | null;
}

export type PoolDetector = (sized: SizedPool) => Finding | null;

/** The requests measured; where only numbers were given, those of one second, of which there is at least one. */
export const requestsOf = ({ requests, pool }: SizedPool): number =>
  requests ?? Math.max(1, Math.round(Math.min(pool.arrivalPerSecond, Number.MAX_SAFE_INTEGER)));

export const periodOf = ({ requests }: SizedPool, of: number): string =>
  requests === null ? `the ${of} requests of one second` : `the ${of} requests measured`;

/** How sure a finding is that rests on models: as sure as what they were fed with. */
export const modelled = ({ pool }: SizedPool): "likely" | "possible" =>
  pool.variability?.serviceFrom === "assumed" ? "possible" : "likely";
