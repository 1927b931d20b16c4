/** A service of a capture as a run of the report: its latencies, where they went, its load by Little's law. */
import type { Service } from "../../capture/services/service.js";
import { sizePool } from "../../pool/littles-law.js";
import { toHistogramData } from "../../report/histogram.js";
import type { Finding, FindingCode, HistogramData, PoolReport, Run } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";

/** Findings with a cure that gives all of their time back; a slow server has one too, but nobody can promise how much. */
const CURABLE: readonly FindingCode[] = ["nagle-delayed-ack", "rto", "fast-retransmit", "zero-window"];

/** @param findings of this service */
export function runOf(service: Service, connections: number, findings: readonly Finding[]): Run {
  const { endpoint, protocol, exchanges, cut, refused, spanNs } = service;
  const quic = service.quic?.facts();
  const failed = { ...quic?.streams.failed };
  const phases: Record<string, HistogramData> = {};
  if (service.connect.count > 0) phases.connect = toHistogramData(service.connect.toHistogram());
  if (service.behind.count > 0) phases.behind = toHistogramData(service.behind.toHistogram());
  const pool = poolOf(service, findings);
  return {
    id: service.id,
    factors: { service: endpoint, protocol },
    endpoint,
    requests: exchanges + cut + Object.values(failed).reduce((sum, count) => sum + count, 0),
    errors: {
      ...(cut > 0 ? { reset: cut } : {}),
      ...(refused > 0 ? { refused } : {}),
      ...failed,
      ...quic?.connections.failed,
    },
    answers: { answered: exchanges },
    connections: quic?.connections.opened ?? connections,
    durationNs: Math.round(spanNs),
    ratePerSecond: service.arrivalPerSecond,
    targetRatePerSecond: null,
    latency: toHistogramData(service.latency.toHistogram()),
    corrected: null,
    sendLag: null,
    phases,
    warmup: null,
    kernel: null,
    ...(exchanges > 0 ? { concurrency: concurrencyOf(service), breakdownNs: wholeBreakdown(service) } : {}),
    ...(pool === null ? {} : { pool }),
    wire: null,
    ...(quic === undefined ? {} : { quic }),
    used: true,
    slowest: [],
  };
}

/** W without what the curable findings cost, nanoseconds; the mean as it is when there are none. */
function curedMeanNs(service: Service, findings: readonly Finding[]): number {
  const lostNs = findings
    .filter(({ code }) => CURABLE.includes(code))
    .reduce(
      (sum, { costNs, count }) => sum + costNs.total * (Math.min(count, service.exchanges) / Math.max(1, count)),
      0,
    );
  return Math.max(1, service.latency.mean - lostNs / Math.max(1, service.exchanges));
}

/** L by Little's law, from the rate and the latency, beside L as it was measured; they agree in a steady state. */
function concurrencyOf(service: Service): NonNullable<Run["concurrency"]> {
  const { arrivalPerSecond, latency, meanInFlight, inFlight } = service;
  const byLaw = (arrivalPerSecond * latency.mean) / 1e9;
  const max = inFlight.max;
  return {
    mean: meanInFlight,
    max,
    says:
      `${digits(meanInFlight)} in flight on average as measured (latencies integrated over ${formatDuration(service.spanNs)}), ` +
      `${digits(byLaw)} by Little's law (${formatRate(arrivalPerSecond)} x ${formatDuration(latency.mean)}); at least ${max} at the busiest moment`,
  };
}

/** The load on the connections that were open at once, now and after the fix; null: no rate to speak of. */
function poolOf(service: Service, findings: readonly Finding[]): PoolReport | null {
  const { arrivalPerSecond, latency } = service;
  // A QUIC connection carries as many requests at once as its limit of streams allows: connections are no pool to size.
  if (service.quic !== null) return null;
  if (!(arrivalPerSecond > 0) || !(latency.mean > 0)) return null;
  const afterNs = curedMeanNs(service, findings);
  const connections = service.open.count > 0 ? service.open.max : null;
  const pool = sizePool({
    arrivalPerSecond,
    residenceNs: latency.mean,
    connections,
    afterNs: afterNs < latency.mean ? afterNs : null,
  });
  const seen = `${service.connections} connection${service.connections === 1 ? "" : "s"} seen, ${service.open.max} open at once`;
  const measured = `${digits(service.meanInFlight)} in flight as measured`;
  return { ...pool, says: [...pool.says, connections === null ? measured : `${measured}; ${seen}`] };
}

function wholeBreakdown({ breakdownNs }: Service): NonNullable<Run["breakdownNs"]> {
  const { network, senderHold, loss, window, server, transfer } = breakdownNs;
  return { network, senderHold, loss, window, server, transfer };
}
