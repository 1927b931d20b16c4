/** Names in a report, apart from its schema: who only needs these must not wait until zod has loaded (start-up of `netlat pcap`). */

export const SCHEMA_ID = "netlat.report/1";

export const FINDING_CODES = [
  "nagle-delayed-ack",
  "split-write",
  "delayed-ack",
  "slow-server",
  "connection-churn",
  "generator-lag",
  "rto",
  "fast-retransmit",
  "syn-retransmit",
  "zero-window",
  "connection-reset",
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
  "pool-undersized",
  "pool-oversized",
] as const;
