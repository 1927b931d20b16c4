import { expect, test } from "vitest";
import { judge } from "../../src/detect/judge.js";
import type { ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { verdict } from "../../src/detect/verdict.js";
import { histogramOf } from "../../src/report/histogram.js";
import type { Effect } from "../../src/report/model.js";
import { BLIND, cell, defaultCells, evidence, MS, stalling } from "./evidence.js";
import { goaway, h2Facts } from "./h2-facts.js";

const words = (seen: ProbeEvidence, effects: Effect[] = []) => verdict(seen, judge(seen).findings, effects);
const interaction = (lowNs: number): Effect => ({
  kind: "interaction",
  factors: ["nagle", "split"],
  from: "off,none",
  to: "on,fields",
  ns: 43 * MS,
  lowNs,
  highNs: 44 * MS,
  rounds: 5,
  says: "nagle=on and split=fields together cost 43.0 ms more",
});

test("a stall: which combination, how much, which do not, what to change", () => {
  const said = words(evidence(defaultCells()), [interaction(42 * MS)]);
  expect(said[0]).toMatch(
    /^nagle=on,split=fields,quickack=default: Nagle x delayed ACK: 199 of 200 requests waited 43\.8 ms.*; p50 4\d\.\d ms, without it 100 us\.$/,
  );
  expect(said[1]).toMatch(/^No stall in nagle=off,split=none/);
  expect(said[2]).toBe("nagle=on and split=fields together cost 43.0 ms more.");
  expect(said[3]).toMatch(/^To change: write each request with one call.*; or set TCP_NODELAY/);
});

test("an interaction that may be none is not quoted", () => {
  expect(words(evidence(defaultCells()), [interaction(-MS)]).join()).not.toContain("together cost");
});

test("many combinations are counted, not listed, and what is the same in several is told once", () => {
  const quickacks = ["default", "on", "off"] as const;
  const cells = quickacks.flatMap((quickack) => [
    ...defaultCells({ quickack }),
    ...defaultCells({ quickack, cork: true }).slice(0, 3),
    cell({ quickack, split: 2, pieces: 2 }),
  ]);
  const said = words(evidence(cells));
  expect(said.filter((sentence) => sentence.includes("No stall in"))).toEqual([
    "No stall in 21 combinations: p50 100 us.",
  ]);
  expect(said.filter((sentence) => sentence.includes("pieces and travels"))).toEqual([
    expect.stringMatching(/; the same in 5 more combinations\.$/),
  ]);
  const stalled = words(evidence([cell(), ...["a", "b", "c", "d", "e"].map((split) => cell({ ...stalling, split }))]));
  expect(stalled.filter((sentence) => sentence.includes("Nagle x delayed ACK"))).toHaveLength(1);
  expect(stalled[1]).toBe("The same in 4 more combinations.");
});

test("a stall that was not compared is no fact, and what is missing is named", () => {
  const said = words(evidence([cell({ ...stalling, ...BLIND })], { timestamps: false }));
  expect(said[0]).toMatch(/^Perhaps Nagle x delayed ACK: .*\(told by latency alone.*\(--nagle on,off\)\)\.$/);
});

test("late in some cells: a verdict on the others, and none on those", () => {
  const late = cell({ split: "fields", lag: () => 8 });
  const said = words(evidence([cell(), late, cell(stalling)], { openLoop: true }));
  expect(said[0]).toMatch(/^nagle=on,split=fields,quickack=default: Nagle x delayed ACK/);
  expect(said.join()).toContain("No verdict on nagle=off,split=fields,quickack=default: we were late ourselves");
});

test("no stall", () => {
  const said = words(evidence(defaultCells({ firstByte: () => 0.1, held: () => 0 })));
  expect(said[0]).toBe("No stall: in 4 combinations no request waited for a delayed ACK, p50 100 us.");
  expect(said.join()).not.toContain("To change");
});

test("what was not tried is not acquitted", () => {
  expect(words(evidence([cell()]))[0]).toContain("Nagle on with several writes was not tried");
});

test("no stall, but a slow server", () => {
  const said = words(evidence(defaultCells({ firstByte: () => 45, held: () => 0 })));
  expect(said[0]).toMatch(/^No stall/);
  expect(said[1]).toContain("slow server: 200 of 200 requests");
  expect(said[2]).toMatch(/^To change: look inside the server/);
});

test("a long path has no finding of its own: its theory speaks; a riddle stays one", () => {
  const path = evidence([cell({ firstByte: () => 42 })], { minRttNs: 41 * MS });
  expect(words(path)[1]).toMatch(/^Confirmed: the path is slow.*min RTT 41\.0 ms/);
  const riddle = evidence([cell({ pause: (request) => (request % 20 === 0 ? 900 : 0) })]);
  expect(words(riddle)[1]).toMatch(/^Not explained by any theory tested: p99 9/);
});

test("late ourselves, nothing answered, some failed, a split that did not happen", () => {
  expect(words(evidence([cell({ lag: () => 8 })], { openLoop: true }))[0]).toMatch(
    /^No verdict on the target: we were late/,
  );
  const cut = cell({ lag: () => 8, run: { errors: { refused: 100 } } });
  expect(words(evidence([cut], { openLoop: true })).join()).toContain("100 of 200 requests failed: 100 refused");
  const dead = evidence([cell({ requests: 0, run: { requests: 12, errors: { timeout: 12 } } })]);
  expect(words(dead)).toEqual(["No verdict: no request got a usable answer.", "12 of 12 requests failed: 12 timeout."]);
  const wire = { pieces: 3, writes: 200, segments: 200, split: "merged", says: "3 pieces left in one write" } as const;
  const merged = evidence([cell(), cell({ split: "fields", run: { used: false, wire } })]);
  expect(words(merged)).toContain("nagle=off,split=fields,quickack=default is not used: 3 pieces left in one write.");
});

test("of streams the verdict leads with what they wait for; that nothing stalled comes behind", () => {
  const many = { requests: 100, firstByte: (at: number) => 20 + 20 * Math.floor(at / 10) };
  const queue = (at: number) => 20 * Math.floor(at / 10);
  const said = words(evidence([cell({ ...many, queue, run: { h2: h2Facts({ streams: 100, mostOpen: 10 }) } })]));
  expect(said[0]).toMatch(/^stream limit: 90 of 100 requests waited 100 ms/);
  expect(said[1]).toMatch(/^To change: open more connections/);
  expect(said[2]).toMatch(/^No stall: .*--split headers-data/);
  expect(said.join()).not.toContain("Confirmed: the pool is too small");
});

test("a connection that is ended gracefully does not lead", () => {
  const said = words(evidence([cell({ run: { h2: h2Facts({ goaways: [goaway()] }) } })]));
  expect(said[0]).toMatch(/^No stall/);
  expect(said.at(-1)).toMatch(/^connections ended by the server/);
});

test("pipelining: what requests waited for the answers to earlier ones is said where it is most of the latency", () => {
  const behind = (waitMs: number) => cell({ run: { phases: { behind: histogramOf([waitMs * MS]) } } });
  expect(words(evidence([behind(0.08)])).join()).toMatch(
    /head-of-line blocking by pipelining: requests waited 80\.\d us of 100 us \(p50\)/,
  );
  expect(words(evidence([behind(0.04)])).join()).not.toContain("pipelining");
});
