/** What the verdict says first of a probe over QUIC: how it stands beside HTTP/2 and HTTP/1.1, what 0-RTT saves, what did not happen. */
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell } from "../probe-evidence.js";
import { sameBut } from "./cells.js";

const HTTP = "http";
const EARLY = "early-data";
const SPOKEN: Readonly<Record<string, string>> = { h3: "HTTP/3", h2: "HTTP/2", h1: "HTTP/1.1" };

/** One sentence for each combination of the other factors, the best p99 first. */
export function sideBySideWords(cells: readonly ProbeCell[]): string[] {
  const groups = groupsBy(cells.filter(({ run }) => run.factors[HTTP] !== undefined));
  return groups
    .filter((group) => group.length > 1)
    .map((group) => {
      const quickest = Math.min(...group.map(({ run }) => run.latency.min));
      const ranked = [...group].sort((left, right) => left.run.latency.p99 - right.run.latency.p99);
      const each = ranked.map(
        ({ run }) => `${SPOKEN[String(run.factors[HTTP])] ?? run.factors[HTTP]} ${formatDuration(run.latency.p99)}`,
      );
      const stalls = ranked.map(({ run }) => formatDuration(Math.max(0, run.latency.mean - quickest)));
      const others = groups.length > 1 ? ` with ${othersOf(group[0] as ProbeCell)}` : "";
      return `Side by side${others}, p99: ${each.join(", ")}; stalled on average ${stalls.join(", ")}.`;
    });
}

/** Cells that differ in what carries them and in nothing that they share; cells of TCP have factors that those of QUIC lack. */
function groupsBy(cells: readonly ProbeCell[]): ProbeCell[][] {
  const groups: ProbeCell[][] = [];
  for (const cell of cells) {
    const group = groups.find((one) => {
      const first = one[0] as ProbeCell;
      return agree(first, cell) && one.every(({ run }) => run.factors[HTTP] !== cell.run.factors[HTTP]);
    });
    if (group === undefined) groups.push([cell]);
    else group.push(cell);
  }
  return groups;
}

const agree = ({ run: left }: ProbeCell, { run: right }: ProbeCell): boolean =>
  Object.entries(left.factors).every(
    ([name, level]) => name === HTTP || right.factors[name] === undefined || right.factors[name] === level,
  );

const othersOf = ({ run }: ProbeCell): string =>
  Object.entries(run.factors)
    .filter(([name]) => name !== HTTP)
    .map(([name, level]) => `${name}=${level}`)
    .join(" ");

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
    const change = savedNs > 0 ? `saves ${formatDuration(savedNs)}` : "saves nothing";
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
