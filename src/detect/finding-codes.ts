/** Which finding a probe can show, which a capture. */
import { FINDING_CODES, type FindingCode } from "../report/model.js";

/** In the order of the report. */
export const PROBE_FINDING_CODES = [
  "nagle-delayed-ack",
  "split-write",
  "delayed-ack",
  "slow-server",
  "connection-churn",
  "generator-lag",
] as const satisfies readonly FindingCode[];

export type ProbeFindingCode = (typeof PROBE_FINDING_CODES)[number];

/** A capture shows all of them but our own lateness: it was not us who asked. */
export type CaptureFindingCode = Exclude<FindingCode, "generator-lag">;

/** In the order of the report. */
export const CAPTURE_FINDING_CODES = FINDING_CODES.filter(
  (code): code is CaptureFindingCode => code !== "generator-lag",
);
