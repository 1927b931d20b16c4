/**
 * Does a comparison hold its tongue where nothing changed, and speak where a tenth was added? Live interleaved runs, recorded
 * runs held against each other as they were measured apart, and samples drawn from what was recorded.
 */

import { loadavg } from "node:os";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { drawPairs, sampler, tally } from "../lib/comparisons.mjs";
import { run, serverThatPrints } from "../lib/processes.mjs";
import { median } from "../lib/statistics.mjs";
import { printTable } from "../lib/table.mjs";

const FULL = { same: 200, planted: 100, requests: 2000, recorded: 40, thinkUs: 200, shift: 0.1 };
const QUICK = { same: 20, planted: 10, requests: 2000, recorded: 8, thinkUs: 200, shift: 0.1 };
/** Shares of the comparisons: called different where nothing differs, and called slower where it is. */
const LIMITS = { falseAlarms: 0.05, found: 0.95 };
const PLAIN = ["--nagle", "off", "--split", "none", "--slowest", "0", "--format", "json"];

export async function bench({ quick, netlat }) {
  const settings = quick ? QUICK : FULL;
  const program = await library(netlat);
  const probe = async (...words) => JSON.parse(await run(process.execPath, [netlat, "probe", ...words, ...PLAIN]));
  const lab = async (thinkUs) => {
    const server = await serverThatPrints(process.execPath, [netlat, "serve", "memcached", "--think", `${thinkUs}us`]);
    return { ...server, url: /memcached:\/\/\S+/.exec(server.said)[0] };
  };
  const base = await lab(settings.thinkUs);
  const plain = await probe(base.url, "-n", String(settings.requests));
  const baseNs = plain.runs[0].latency.p50;
  const shifted = await lab(settings.thinkUs + Math.round((settings.shift * baseNs) / 1e3));
  const loads = { start: loadavg()[0] };
  const live = await interleaved(settings, probe, base.url, shifted.url);
  loads.afterLive = loadavg()[0];
  const [same, slow] = await recordRuns(settings, probe, [base.url, shifted.url]);
  loads.afterRecording = loadavg()[0];
  await Promise.all([base.stop(), shifted.stop()]);
  const parts = {
    live,
    apart: apart(settings, program, same, slow),
    resampled: resampled(settings, program, same),
  };
  show(parts);
  return { settings, limits: LIMITS, baseP50Ns: baseNs, loadAverages: loads, ...parts };
}

/** The comparison itself, from the program that is measured. */
async function library(netlat) {
  const dist = resolve(dirname(netlat), "../dist");
  const load = (path) => import(pathToFileURL(resolve(dist, path)).href);
  const [{ compareRuns, matchRuns }, { parseMinimumEffect }, { fromHistogramData, histogramOf }, { random }] =
    await Promise.all([
      load("compare/compare-runs.js"),
      load("compare/minimum-effect.js"),
      load("report/histogram.js"),
      load("stats/random.js"),
    ]);
  const question = {
    confidence: 0.95,
    minimumEffect: parseMinimumEffect("5%", "bench"),
    quantiles: [0.5, 0.9, 0.99],
    interleaved: false,
  };
  const compare = (left, right) => compareRuns(matchRuns([left], [right]), question);
  return { compare, fromHistogramData, histogramOf, random };
}

/**
 * `netlat probe --ab`: one server against itself, and against one that thinks a tenth of the latency longer. Both kinds of
 * comparison alternate, so that a busy minute of the machine does not fall on one of them alone.
 */
async function interleaved({ same, planted, requests }, probe, base, shifted) {
  const asked = { same: { url: base, left: same, got: [] }, planted: { url: shifted, left: planted, got: [] } };
  for (let at = 0; asked.same.left + asked.planted.left > 0; at++) {
    const wanted = asked.planted.left / planted > asked.same.left / same ? asked.planted : asked.same;
    wanted.left--;
    const words = ["--ab", base, wanted.url, "-n", String(requests), "--seed", String(at + 1)];
    wanted.got.push((await probe(...words)).comparison);
  }
  return { same: withMedian(asked.same.got), planted: withMedian(asked.planted.got) };
}

function withMedian(comparisons) {
  const differences = comparisons.map(({ pairs }) => pairs[0].quantiles[0].newNs / pairs[0].quantiles[0].baseNs - 1);
  return { ...tally(comparisons), medianDifference: median(differences) };
}

/** Runs of their own processes, those of both servers in turns. */
async function recordRuns({ recorded, requests }, probe, urls) {
  const runs = urls.map(() => []);
  for (let at = 0; at < recorded; at++) {
    for (const [side, url] of urls.entries()) {
      runs[side].push((await probe(url, "-n", String(requests), "--seed", String(at + 1))).runs[0]);
    }
  }
  return runs;
}

/** Any two runs, also with minutes between them: the moods of the machine are part of the difference. */
function apart({ same, planted }, { compare, random }, base, shifted) {
  const ask = (pairs) => tally(pairs.map(([left, right]) => compare(left, right)));
  return { same: ask(drawPairs(base, same, random(1))), planted: ask(drawPairs(base, planted, random(2), shifted)) };
}

/** Samples of all recorded requests together, without blocks: what a comparison of captures rests on. */
function resampled({ same, planted, requests, shift }, { compare, fromHistogramData, histogramOf, random }, recorded) {
  const buckets = recorded.flatMap((one) => [...fromHistogramData(one.latency).buckets()]);
  const sample = sampler(buckets, random(3));
  const draw = (factor) => {
    const values = sample(requests).map((value) => value * factor);
    const { blocks: _, ...rest } = recorded[0];
    return { ...rest, latency: histogramOf(values) };
  };
  const ask = (count, factor) => tally(Array.from({ length: count }, () => compare(draw(1), draw(factor))));
  return { same: ask(same, 1), planted: ask(planted, 1 + shift) };
}

function show(parts) {
  const rows = Object.entries(parts).flatMap(([name, { same, planted }]) => {
    const different = (same.slower + same.faster) / same.comparisons;
    const found = planted.slower / planted.comparisons;
    const verdict = (ok) => (ok ? "met" : "MISSED");
    return [
      [
        `${name}: the same server`,
        ...counts(same),
        `${(100 * different).toFixed(1)} % different`,
        `${verdict(different <= LIMITS.falseAlarms)}: <= 5 %`,
      ],
      [
        `${name}: +10 % planted`,
        ...counts(planted),
        `${(100 * found).toFixed(1)} % slower`,
        name === "apart" ? "" : `${verdict(found >= LIMITS.found)}: >= 95 %`,
      ],
    ];
  });
  printTable(
    "Verdicts at p50, 95 % confidence, effects from 5 %",
    ["", "slower", "faster", "same", "cannot tell", "", "limit"],
    rows,
  );
}

const counts = ({ slower, faster, same, "cannot-tell": unknown }) => [slower, faster, same, unknown];
