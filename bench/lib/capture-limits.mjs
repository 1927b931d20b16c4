import { FLOOR, NETLAT, TCPTRACE, TSHARK } from "./capture-readers.mjs";
import { median } from "./statistics.mjs";
import { printTable } from "./table.mjs";

export const LIMITS = {
  packetsPerSecondOverTcptrace: 4,
  packetsPerSecondOverTshark: 50,
  timeOverFlowWalk: 5,
  peakMb: 160,
  /** Peak memory on the whole file over a quarter of it: flat but for the collector's mood. */
  peakOverQuarter: 1.2,
};

export function summarise(names, rounds) {
  const of = (name, field) => median(rounds.map((round) => round[name][field]));
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        wallMs: of(name, "wallMs"),
        cpuMs: of(name, "cpuMs"),
        packetsPerSecond: of(name, "packetsPerSecond"),
        peakMb: Math.max(...rounds.map((round) => round[name].peakBytes)) / 1e6,
      },
    ]),
  );
}

/** Each limit with its figure: ratios are taken within a round, and their median over the rounds. `quick`: facts are judged, costs not. */
export function judge({ names, rounds, quarter, told, truth, quick }) {
  if (!names.includes(NETLAT)) return [];
  const ratioTo = (name, field) =>
    names.includes(name) ? median(rounds.map((round) => round[NETLAT][field] / round[name][field])) : null;
  const peak = (taken) => Math.max(...taken.map((round) => round[NETLAT].peakBytes)) / 1e6;
  const quarterPeak = quarter.length > 0 ? peak(quarter) : null;
  const judged = (value, met) => (value === null || quick ? null : met);
  const most = (says, value, limit) => ({ says, value, limit, met: judged(value, value <= limit) });
  const least = (says, value, limit) => ({ says, value, limit, met: judged(value, value >= limit) });
  const same = (says, value, limit) => ({ says, value, limit, met: value === limit });
  return [
    least(
      "packets/s over tcptrace, at least",
      ratioTo(TCPTRACE, "packetsPerSecond"),
      LIMITS.packetsPerSecondOverTcptrace,
    ),
    least("packets/s over tshark, at least", ratioTo(TSHARK, "packetsPerSecond"), LIMITS.packetsPerSecondOverTshark),
    most("time over the C flow walk, at most", ratioTo(FLOOR, "wallMs"), LIMITS.timeOverFlowWalk),
    most("peak memory in MB, at most", peak(rounds), LIMITS.peakMb),
    most(
      "peak memory over that on a quarter, at most",
      quarterPeak && peak(rounds) / quarterPeak,
      LIMITS.peakOverQuarter,
    ),
    ...Object.entries(truth.planted).map(([code, planted]) =>
      same(`${code} found, planted`, told.findings[code], planted),
    ),
    same("exchanges found, made", told.exchanges, truth.exchanges),
    same("packets read, made", told.packets, truth.packets),
  ];
}

export function show(capture, summary, limits) {
  const floor = summary[FLOOR]?.wallMs;
  printTable(
    `${capture}: medians, peak memory of the worst round`,
    ["reader", "wall", "CPU", "packets/s", "peak", "time over C"],
    Object.entries(summary).map(([name, of]) => [
      name,
      `${of.wallMs.toFixed(0)} ms`,
      `${of.cpuMs.toFixed(0)} ms`,
      `${(of.packetsPerSecond / 1e6).toFixed(3)} M`,
      `${of.peakMb.toFixed(1)} MB`,
      floor === undefined || name === TSHARK ? null : `${(of.wallMs / floor).toFixed(2)} x`,
    ]),
  );
  printTable(
    `${capture}: limits`,
    ["what", "figure", "limit", ""],
    limits.map(({ says, value, limit, met }) => [
      says,
      figure(value),
      limit,
      met === null ? "not judged" : verdict(met),
    ]),
  );
}

const figure = (value) => (value === null || Number.isInteger(value) ? value : value.toFixed(2));
const verdict = (met) => (met ? "met" : "MISSED");
