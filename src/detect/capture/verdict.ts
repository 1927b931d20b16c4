/** The verdict on a capture in words: which service lost how much to what, and what to change. */
import type { Service } from "../../capture/services/service.js";
import type { CaptureSource, Finding, Theory } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";

/** Services that are spoken of one by one. */
const SPOKEN_OF = 5;

export interface VerdictFacts {
  /** Those that lost most time first. */
  readonly services: readonly Service[];
  /** As a report orders them. */
  readonly findings: readonly Finding[];
  readonly theories: readonly Theory[];
  readonly source: Pick<
    CaptureSource,
    "truncated" | "flowsEvicted" | "dropped" | "tcpPackets" | "quicDatagrams" | "inside" | "skipped"
  >;
}

/** Sentences for people, the most important first; at least one. */
export function captureVerdict({ services, findings, theories, source }: VerdictFacts): string[] {
  const asked = services.filter(({ exchanges }) => exchanges > 0);
  const stalls = findings.filter(({ severity }) => severity !== "info");
  return [
    ...(stalls.length > 0 ? stallWords(stalls, services) : [nothingWords(asked, source)]),
    ...theoryWords(theories, findings),
    ...findings
      .filter(({ severity }) => severity === "info")
      .slice(0, SPOKEN_OF)
      .map((finding) => `${where(finding, services)}${finding.title}.`),
    ...limits(source),
  ];
}

function stallWords(stalls: readonly Finding[], services: readonly Service[]): string[] {
  const told = stalls.slice(0, SPOKEN_OF);
  const fixes = [...new Set(told.map(({ fix }) => fix[0]).filter((fix) => fix !== undefined))];
  return [
    ...told.map((finding) => `${where(finding, services)}${finding.title}${costWords(finding, services)}.`),
    ...(stalls.length > told.length
      ? [`${stalls.length - told.length} more findings in other services or of less cost.`]
      : []),
    ...fixes.map((fix) => `To change: ${fix}.`),
  ];
}

function costWords({ costNs, whatIf, subject }: Finding, services: readonly Service[]): string {
  const service = services.find(({ id }) => "run" in subject && subject.run === id);
  if (service === undefined || costNs.total === 0) return "";
  const share = (100 * costNs.total) / Math.max(1, service.latency.sum);
  const lost = share <= 100 ? `, ${digits(share)} % of all its latency` : "";
  const p50 = service.latency.quantile(0.5);
  const p99 = service.latency.quantile(0.99);
  const [name, nowNs, thenNs] =
    whatIf !== null && whatIf.p50Ns < 0.9 * p50 ? ["p50", p50, whatIf.p50Ns] : ["p99", p99, whatIf?.p99Ns ?? p99];
  const without =
    whatIf === null || thenNs >= nowNs
      ? ""
      : `; ${name} ${formatDuration(nowNs)}, without it ${formatDuration(thenNs)}`;
  return `; ${formatDuration(costNs.total)} lost${lost}${without}`;
}

function nothingWords(
  asked: readonly Service[],
  { tcpPackets, quicDatagrams = 0, skipped }: VerdictFacts["source"],
): string {
  const exchanges = asked.reduce((sum, service) => sum + service.exchanges, 0);
  const longest = asked.reduce<Service | null>(
    (most, service) => (most === null || service.latency.quantile(0.99) > most.latency.quantile(0.99) ? service : most),
    null,
  );
  if (longest === null) {
    if (quicDatagrams > 0 || skipped["quic-without-begin"] !== undefined)
      return "No verdict: no request with its answer could be read.";
    return tcpPackets === 0
      ? "No verdict: there is no packet of TCP or QUIC in the capture."
      : "No verdict: no request with its answer was seen (one direction only, or nothing was asked).";
  }
  const places = `${exchanges} exchange${exchanges === 1 ? "" : "s"} of ${asked.length} service${asked.length === 1 ? "" : "s"}`;
  const { latency } = longest;
  const stalls = asked.every(({ quic }) => quic !== null)
    ? "a lost packet or a slow server"
    : "a delayed ACK, a lost packet, a closed window or a slow server";
  return `No stall: in ${places} nothing waited for ${stalls}; p50 ${formatDuration(latency.quantile(0.5))}, p99 ${formatDuration(latency.quantile(0.99))} in ${longest.id}.`;
}

/** What the breakdown explains although no finding says it. */
function theoryWords(theories: readonly Theory[], findings: readonly Finding[]): string[] {
  return theories
    .filter(
      ({ id, verdict }) =>
        verdict === "confirmed" &&
        !findings.some(({ code }) => code === id || LOSS.includes(code) || code === "connection-churn"),
    )
    .map(({ claim, because }) => `Confirmed: ${claim} (${because}).`);
}

/** Why a QUIC connection stays closed that a key log would open (src/capture/quic/inside.ts). */
const NO_KEYS = /^QUIC: .*key log/;
const LOSS: readonly string[] = ["rto", "fast-retransmit"];

function limits({ truncated, flowsEvicted, dropped, inside, skipped }: VerdictFacts["source"]): string[] {
  const late = skipped["quic-without-begin"] ?? 0;
  const closed = Object.entries(inside?.unread ?? {}).reduce(
    (sum, [reason, count]) => (NO_KEYS.test(reason) ? sum + count : sum),
    0,
  );
  return [
    ...(late > 0
      ? [
          `${late} datagrams look like QUIC, but the first Initial packets of their connections are not in the capture: begin it before the connections do.`,
        ]
      : []),
    ...(closed > 0
      ? [
          `Of ${closed} QUIC connection${closed === 1 ? "" : "s"} only the handshake can be seen: a key log (--keylog, as SSLKEYLOGFILE of either end writes it) opens requests, ACK delays, losses and what became of 0-RTT.`,
        ]
      : []),
    ...(truncated === null
      ? []
      : [`The capture is damaged after packet ${truncated.afterPacket}: what came before is told here.`]),
    ...(dropped !== null && dropped > 0
      ? [`The capturing machine dropped ${dropped} packets: gaps may look like losses.`]
      : []),
    ...(flowsEvicted > 0
      ? [`${flowsEvicted} connections had to make room for others: raise --max-flows to see them whole.`]
      : []),
  ];
}

/** The only service needs no name. */
function where({ subject }: Finding, services: readonly Service[]): string {
  return services.length > 1 && "run" in subject ? `${subject.run}: ` : "";
}
