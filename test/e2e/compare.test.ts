import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { looksLikeAnError, netlat, probe, reportOf } from "./netlat.js";

const PLAIN = ["--nagle", "off", "--split", "none"];
const folder = mkdtempSync(join(tmpdir(), "netlat-compare-"));
const at = (name: string): string => join(folder, name);

/** A run of the lab, kept as a file. */
async function recorded(name: string, endpoint: string, ...options: string[]) {
  const report = await probe([endpoint, "--requests", "60", ...options]);
  writeFileSync(at(name), JSON.stringify(report));
  return report;
}

beforeAll(async () => {
  await recorded("quick.json", "lab:memcached", ...PLAIN);
  await recorded("slow.json", "lab:memcached?think=20ms", ...PLAIN);
  await recorded("redis.json", "lab:redis", ...PLAIN);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("netlat compare", () => {
  test("calls a server slower that thinks 20 ms, and faster the other way round", async () => {
    const report = reportOf(await netlat(["compare", at("quick.json"), at("slow.json"), "--format", "json"]));
    expect(report.comparison?.pairs[0]).toMatchObject({ verdict: "slower" });
    const [p50] = report.comparison?.pairs[0]?.quantiles ?? [];
    expect(p50).toMatchObject({ quantile: 0.5, unit: "blocks", units: { base: 10, new: 10 } });
    expect(p50?.lowNs).toBeGreaterThan(10e6);
    const back = await netlat(["compare", at("slow.json"), at("quick.json")]);
    expect(back.code).toBe(0);
    expect(back.stdout).toContain("is faster than");
    expect(back.stdout).toMatch(/^✔ p50 +2\d\.\d ms/m);
  });

  test("says so where two files hold one measurement, and where they have nothing in common: exit 4", async () => {
    const same = await netlat(["compare", at("quick.json"), at("quick.json")]);
    expect([same.code, same.stdout]).toEqual([0, expect.stringContaining("hold the same measurement")]);
    const empty = JSON.stringify({ ...JSON.parse(readFileSync(at("quick.json"), "utf8")), runs: [] });
    const none = await netlat(["compare", at("quick.json"), "-"], {}, empty);
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining("nothing could be compared")]);
    expect(looksLikeAnError(none.stderr)).toBe(true);
  });

  test("has one sentence and the right exit code for what it cannot take", async () => {
    const wrong: readonly [number, readonly string[], string][] = [
      [3, ["nowhere.json", at("quick.json")], "nowhere.json: no such file"],
      [2, [at("quick.json"), at("slow.json"), "--min-effect", "much"], "--min-effect much: not an effect"],
      [2, [at("quick.json"), at("slow.json"), "--quantiles", "99"], "--quantiles 99: not a list of quantiles"],
      [2, [at("quick.json"), at("slow.json"), "--confidence", "2"], "--confidence 2: not a confidence"],
      [2, ["-", "-"], "standard input holds one report"],
    ];
    for (const [code, words, says] of wrong) {
      const ended = await netlat(["compare", ...words]);
      expect(ended).toMatchObject({ code, stdout: "" });
      expect(looksLikeAnError(ended.stderr)).toBe(true);
      expect(ended.stderr).toContain(says);
    }
  });
});

describe("netlat merge", () => {
  test("adds runs up, keeps the sources, and warns of the one that is not like the others", async () => {
    const ended = await netlat(["merge", at("quick.json"), at("slow.json"), "--format", "json"]);
    const report = reportOf(ended);
    expect(report.runs).toHaveLength(1);
    expect(report.runs[0]).toMatchObject({ requests: 120, latency: { count: 120 }, kernel: { retransmits: 0 } });
    expect(report.source).toMatchObject({ kind: "merge", alike: false });
    expect(report.source.kind === "merge" && report.source.parts.map(({ subject }) => subject)).toEqual([
      "lab:memcached",
      "lab:memcached?think=20ms",
    ]);
    expect(ended.stderr).toContain("the parts are not alike: p50");
  });

  test("of reports that do not add up is refused", async () => {
    for (const [words, says] of [
      [[at("quick.json"), at("redis.json")], "asked by memcached"],
      [[at("quick.json"), at("quick.json")], "the same measurement"],
      [[at("quick.json")], "at least two"],
    ] as const) {
      const ended = await netlat(["merge", ...words]);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain(says);
    }
  });
});

describe("netlat probe --ab", () => {
  test("takes turns, compares round by round, and says which is slower", async () => {
    const report = await probe(["--ab", "lab:memcached", "lab:memcached?think=2ms", "--requests", "100"]);
    expect(report.source).toMatchObject({
      kind: "probe",
      endpoint: "lab:memcached",
      against: { endpoint: "lab:memcached?think=2ms" },
      rounds: 20,
    });
    expect(report.runs.map(({ id, requests }) => [id, requests])).toEqual([
      ["endpoint=A,nagle=off,split=none,quickack=default", 100],
      ["endpoint=B,nagle=off,split=none,quickack=default", 100],
    ]);
    expect(report.comparison).toMatchObject({ interleaved: true, onlyInBase: [], unlike: [] });
    const [pair] = report.comparison?.pairs ?? [];
    expect(pair).toMatchObject({ verdict: "slower", effectSize: expect.any(Number) });
    expect(pair?.quantiles[0]).toMatchObject({ unit: "rounds", units: { base: 20, new: 20 } });
    expect(report.verdict.reasons[0]).toMatch(/^B \(lab:memcached\?think=2ms\) is slower than A \(lab:memcached\)/);
  });

  test("compares each behaviour where several are asked for", async () => {
    const words = ["--ab", "lab:memcached?quickack=on", "lab:memcached", "--nagle", "on,off", "--split", "fields"];
    const report = await probe([...words, "--requests", "40"]);
    const verdicts = report.comparison?.pairs.map(({ id, verdict }) => [id.split(",")[0], verdict]);
    expect(verdicts).toContainEqual(["nagle=on", "slower"]);
    expect(report.findings.some(({ code, title }) => code === "nagle-delayed-ack" && title.startsWith("B: "))).toBe(
      true,
    );
  });

  test("needs two endpoints that are there and are measured alike", async () => {
    for (const [code, words, says] of [
      [2, ["--ab", "lab:memcached"], "needs a second endpoint"],
      [2, ["lab:memcached", "--min-effect", "1ms"], "add --ab"],
      [2, ["--ab", "lab:http?tls", "lab:http"], "give --engine net"],
      [4, ["--ab", "memcached://127.0.0.1:1/k", "lab:memcached"], "A, memcached://127.0.0.1:1/k"],
      [4, ["--ab", "lab:memcached", "memcached://127.0.0.1:1/k"], "B, memcached://127.0.0.1:1/k"],
    ] as const) {
      const ended = await netlat(["probe", ...words]);
      expect(ended).toMatchObject({ code, stdout: "" });
      expect(ended.stderr).toContain(says);
    }
  });
});
