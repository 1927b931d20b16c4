/** Which finding a probe can show, which a capture. */
import { FINDING_CODES } from "../report/codes.js";
import type { FindingCode } from "../report/model.js";

/** In the order of the report. */
export const PROBE_FINDING_CODES = [
  "nagle-delayed-ack",
  "split-write",
  "delayed-ack",
  "slow-server",
  "connection-churn",
  "h2-stream-limit",
  "h2-head-of-line",
  "h2-flow-control",
  "h2-ping-enforced",
  "h2-goaway",
  "quic-ack-delay",
  "quic-retry",
  "quic-0rtt-rejected",
  "quic-loss",
  "quic-version-negotiation",
  "generator-lag",
] as const satisfies readonly FindingCode[];

export type ProbeFindingCode = (typeof PROBE_FINDING_CODES)[number];

/** Judged on rates and times that a user gives or a report holds, by `netlat pool`. */
export type PoolFindingCode = "pool-undersized" | "pool-oversized";

/** Only a probe shows them: requests that wait in the client cannot be seen on the wire, nor what it would have been without bulk data. */
type StreamFindingCode = "h2-stream-limit" | "h2-head-of-line";

/** A capture shows all others but our own lateness: it was not us who asked. */
export type CaptureFindingCode = Exclude<FindingCode, "generator-lag" | PoolFindingCode | StreamFindingCode>;

const NOT_IN_CAPTURES: readonly FindingCode[] = [
  "generator-lag",
  "pool-undersized",
  "pool-oversized",
  "h2-stream-limit",
  "h2-head-of-line",
];

/** In the order of the report. */
export const CAPTURE_FINDING_CODES = FINDING_CODES.filter(
  (code): code is CaptureFindingCode => !NOT_IN_CAPTURES.includes(code),
);
