/** What the verdict says first of a probe over QUIC: how it stands beside HTTP/2 and HTTP/1.1, what 0-RTT saves, what did not happen. */
import type { Finding } from "../../report/model.js";
import { besideGroups, spokenBy } from "../../report/side-by-side.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell } from "../probe-evidence.js";
import { sameBut } from "./cells.js";

const EARLY = "early-data";
/** Of the latency: less is no change that a median tells, as with `compare`. */
const MIN_SAVED_SHARE = 0.05;

/** One sentence for each combination of the other factors, the best p99 first. */
export function sideBySideWords(cells: readonly ProbeCell[]): string[] {
  return besideGroups(cells.map(({ run }) => run)).map(({ levels, runs }) => {
    const quickest = Math.min(...runs.map(({ latency }) => latency.min));
    const ranked = [...runs].sort((left, right) => left.latency.p99 - right.latency.p99);
    const each = ranked.map((run) => `${spokenBy(run)} ${formatDuration(run.latency.p99)}`);
    const stalls = ranked.map(({ latency }) => formatDuration(Math.max(0, latency.mean - quickest)));
    const others = Object.entries(levels).map(([name, level]) => ` ${name}=${level}`);
    return `Side by side${others.length === 0 ? "" : ` with${others.join("")}`}, p99: ${each.join(", ")}; stalled on average ${stalls.join(", ")}.`;
  });
}

/** What the answer to a first request takes with and without 0-RTT, all else equal; the pair that differs most. */
export function earlyDataWords(cells: readonly ProbeCell[]): string[] {
  const pairs = cells
    .filter(({ run }) => (run.quic?.earlyData.accepted ?? 0) > 0)
    .flatMap((early) => {
      const late = cells.find((other) => other.run.quic?.earlyData.offered === 0 && sameBut(early, other, [EARLY]));
      return late === undefined ? [] : [{ early: early.run.latency.p50, late: late.run.latency.p50 }];
    })
    .sort((left, right) => right.late - right.early - (left.late - left.early));
  return pairs.slice(0, 1).map(({ early, late }) => {
    const savedNs = late - early;
    const change =
      Math.abs(savedNs) < MIN_SAVED_SHARE * late
        ? "makes no clear difference"
        : `${savedNs >= 0 ? "saves" : "costs"} ${formatDuration(Math.abs(savedNs))}`;
    return `0-RTT ${change}: p50 ${formatDuration(early)}, with a whole handshake first ${formatDuration(late)}.`;
  });
}

/** What of QUIC's own delays did not happen, where acknowledgements could be read. */
export function quicCalmWords(cells: readonly ProbeCell[], findings: readonly Finding[]): string[] {
  if (cells.length === 0) return [];
  const found = (code: Finding["code"]): boolean => findings.some((finding) => finding.code === code);
  const read = cells.some(
    ({ run }) => run.quic !== undefined && (run.quic.loss.client ?? run.quic.loss.server) !== null,
  );
  const absent = [
    ...(read && !found("quic-loss") ? ["no packet was lost"] : []),
    ...(found("quic-retry") ? [] : ["no connection met a Retry"]),
    ...(read && !found("quic-ack-delay") ? ["no ACK came later than advertised"] : []),
  ];
  const p50s = cells.map(({ run }) => run.latency.p50);
  const [low, high] = [formatDuration(Math.min(...p50s)), formatDuration(Math.max(...p50s))];
  const p50 = low === high ? low : `${low} to ${high}`;
  const rtts = cells.flatMap(({ run }) =>
    run.quic?.rtt == null || run.quic.rtt.count === 0 ? [] : [run.quic.rtt.min],
  );
  const path = rtts.length === 0 ? "" : `, over a round trip of ${formatDuration(Math.min(...rtts))}`;
  const said = absent.length === 0 ? "" : `; ${absent.join(", ")}`;
  const many = cells.length === 1 ? "" : ` in ${cells.length} combinations`;
  return [`Over QUIC${many}: p50 ${p50}${path}${said}.`];
}

/** Connections that were to move to a new path (RFC 9000 section 9) and did not: then nothing was tried. */
export function migrationWords(cells: readonly ProbeCell[]): string[] {
  return cells.flatMap(({ name, run }) => {
    const migrations = run.quic?.migrations ?? [];
    const failed = migrations.filter(({ validatedNs }) => validatedNs === null);
    const [first] = failed;
    if (first === undefined) return [];
    const where = cells.length === 1 ? "" : `${name}: `;
    const count = `${failed.length} of ${migrations.length} migration${migrations.length === 1 ? "" : "s"}`;
    return [`${where}${count} failed: ${first.says === "" ? "the new path was never validated" : first.says}.`];
  });
}
