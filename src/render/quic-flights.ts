/** A QUIC handshake in its parts, one below the other, each beginning where the one before it ended. */
import { fromHistogramData } from "../report/histogram.js";
import type { HistogramData } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { whole } from "./counting.js";
import type { Factors } from "./factors.js";
import type { QuicRun } from "./quic-rows.js";
import { groupName } from "./shared-facts.js";

export interface FlightTime {
  readonly name: string;
  readonly p50Ns: number;
}

/** Of the runs whose handshakes have the same parts. */
export interface Handshakes {
  /** Which runs, in words; empty: all. */
  readonly whose: string;
  /** `42.0 ms (p50 of 4)`; null: none was complete. */
  readonly total: string | null;
  readonly flights: readonly FlightTime[];
}

export function handshakesOf(runs: readonly QuicRun[], factors: Factors): Handshakes[] {
  const groups = new Map<string, QuicRun[]>();
  for (const one of runs.filter(({ quic }) => quic.handshake.flights.length > 0)) {
    const kind = one.quic.handshake.flights
      .filter(isPart)
      .map(({ name }) => name)
      .join("\n");
    groups.set(kind, [...(groups.get(kind) ?? []), one]);
  }
  const all = runs.map(({ run }) => run);
  return [...groups.values()].map((group) => {
    const names = [...new Set(group.flatMap(({ quic }) => quic.handshake.flights.map(({ name }) => name)))];
    const total = together(group.map(({ quic }) => quic.handshake.total));
    return {
      whose: groupName(
        group.map(({ run }) => run),
        all,
        factors,
      ),
      total:
        total === null
          ? null
          : `${formatDuration(total.p50Ns)} (p50 of ${whole(total.count)})${names.every((name) => isPart({ name })) ? "" : ", up to client finished"}`,
      flights: names.flatMap((name) => {
        const time = together(
          group
            .flatMap(({ quic }) => quic.handshake.flights.filter((flight) => flight.name === name))
            .map(({ time }) => time),
        );
        return time === null ? [] : [{ name, p50Ns: time.p50Ns }];
      }),
    };
  });
}

/** What comes after the client's Finished is no part of the handshake's time, and not seen of every connection. */
const isPart = ({ name }: { readonly name: string }): boolean => !name.startsWith("client finished to ");

function together(times: readonly (HistogramData | null)[]): { p50Ns: number; count: number } | null {
  const known = times.filter((data) => data !== null && data.count > 0) as HistogramData[];
  const [first, ...others] = known;
  if (first === undefined) return null;
  if (others.length === 0) return { p50Ns: first.p50, count: first.count };
  const sum = fromHistogramData(first);
  for (const data of others) sum.merge(fromHistogramData(data));
  return { p50Ns: sum.quantile(0.5), count: sum.count };
}

/** For each part the columns of a bar before it begins, and those that it fills: at least one, if it took any time. */
export function staircase(flights: readonly FlightTime[], width: number): { before: number; filled: number }[] {
  const total = flights.reduce((sum, { p50Ns }) => sum + p50Ns, 0);
  let elapsedNs = 0;
  return flights.map(({ p50Ns }) => {
    const from = total === 0 ? 0 : Math.round((elapsedNs / total) * width);
    elapsedNs += p50Ns;
    const to = total === 0 ? 0 : Math.round((elapsedNs / total) * width);
    const before = Math.min(from, width - 1);
    return { before, filled: p50Ns === 0 ? 0 : Math.max(1, to - before) };
  });
}
