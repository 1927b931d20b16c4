export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A copy in random order (Fisher-Yates), so that no client always runs behind the same other one. */
export function shuffled(items) {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

/**
 * Rounds of interleaved measurements against the first client: the median over rounds of the ratio within a round, since the
 * machine's mood changes from round to round and not so much inside one.
 * @param rounds one object per round: { client: { p50, p99 } } in nanoseconds
 */
export function againstYardstick(rounds, clients, yardstick) {
  return Object.fromEntries(
    clients.map((client) => {
      const of = (field) => rounds.map((round) => round[client][field]);
      const ratios = (field) => rounds.map((round) => round[client][field] / round[yardstick]?.[field]);
      const known = rounds[0]?.[yardstick] !== undefined;
      return [
        client,
        {
          p50Ns: median(of("p50")),
          p99Ns: median(of("p99")),
          overYardstickNs: known ? median(rounds.map((round) => round[client].p50 - round[yardstick].p50)) : null,
          p50Ratio: known ? median(ratios("p50")) : null,
          p50RatioRange: known ? [Math.min(...ratios("p50")), Math.max(...ratios("p50"))] : null,
          p99Ratio: known ? median(ratios("p99")) : null,
        },
      ];
    }),
  );
}
