/** What `netlat compare` and `probe --ab` say where nothing differs, and where a tenth was planted. */
const VERDICTS = ["slower", "faster", "same", "cannot-tell"];

/** Counts verdicts of the pair, which the first quantile decides, and of each quantile by itself. */
export function tally(comparisons) {
  const whole = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0]));
  const byQuantile = {};
  for (const { pairs } of comparisons) {
    const [pair] = pairs;
    whole[pair.verdict]++;
    for (const { quantile, verdict } of pair.quantiles) {
      byQuantile[`p${quantile * 100}`] ??= Object.fromEntries(VERDICTS.map((name) => [name, 0]));
      byQuantile[`p${quantile * 100}`][verdict]++;
    }
  }
  return { comparisons: comparisons.length, ...whole, byQuantile };
}

/** So many pairs of different items, all pairs equally likely, none twice; from two lists when a second one is given. */
export function drawPairs(items, count, uniform, others = items) {
  const all = items.flatMap((item, at) =>
    others.flatMap((other, place) => (others === items && place <= at ? [] : [[item, other]])),
  );
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    [all[last], all[other]] = [all[other], all[last]];
  }
  // Either of a pair may be the base.
  return all.slice(0, count).map((pair) => (others === items && uniform() < 0.5 ? pair.toReversed() : pair));
}

/** @returns draws so many values from a recorded distribution. @param buckets values with their counts */
export function sampler(buckets, uniform) {
  let sum = 0;
  const upTo = buckets.map(({ count }) => (sum += count));
  const draw = () => {
    const place = uniform() * sum;
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > place) high = middle;
      else low = middle + 1;
    }
    return buckets[low].middleNs;
  };
  return (count) => Array.from({ length: count }, draw);
}
