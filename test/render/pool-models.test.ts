import { describe, expect, it } from "vitest";
import { analysePool } from "../../src/pool/analysis.js";
import { exponential, ofTwoMoments } from "../../src/pool/variate.js";
import { markdown } from "../../src/render/markdown/markdown.js";
import { table } from "../../src/render/table/table.js";
import { displayWidth } from "../../src/render/text.js";
import type { Report } from "../../src/report/model.js";
import { poolReport, stallReport } from "./sample-report.js";

const MS = 1e6;

/** 5000/s of 45 ms on 20 connections, 1 ms after the fix. */
const pool = analysePool({
  arrivalPerSecond: 5000,
  residenceNs: 45 * MS,
  connections: 260,
  afterNs: MS,
  rateFrom: "given",
  service: ofTwoMoments(45 * MS, 2),
  serviceFrom: "given",
  afterService: exponential(MS),
  arrivalCv2: 1,
  arrivalFrom: "assumed",
  targetWaitP99Ns: MS,
  growth: 1.3,
  tasks: { perTask: 2, tasks: 40 },
  fixes: [{ code: "nagle-delayed-ack", residenceNs: MS }],
  seed: 1,
  arrivals: 20_000,
});
const one: Report = { ...poolReport(), pool };
const sizes = pool.recommendation;

function section(text: string, title: string): string[] {
  const lines = text.split("\n");
  const from = lines.indexOf(title);
  expect(from, title).toBeGreaterThan(-1);
  return lines.slice(from + 1, lines.indexOf("", from + 2));
}

describe("a report about a pool", () => {
  const text = table(one, { columns: 80, colour: 0, unicode: true });

  it("has the models side by side, the simulation with its interval", () => {
    const lines = section(text, "Waiting for a connection");
    expect(lines[0]).toMatch(/^ {2}260 connections, 86.5 % busy$/);
    expect(lines[1]).toMatch(/busy +waits +wait p50 +wait p99 +response p99$/);
    expect(lines.slice(2, 7).map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      "M/M/c",
      "Allen-Cunneen",
      "simulation",
      "at least",
      "at most",
    ]);
  });

  it("draws the knee with the sizes that matter, the longest bar where the wait is longest", () => {
    const lines = section(text, "Connections against waiting");
    expect(lines.find((line) => line.includes("recommended"))).toMatch(new RegExp(`^ +${sizes?.now.connections} `));
    expect(lines.find((line) => line.endsWith("growth"))).toMatch(new RegExp(`^ +${sizes?.grown?.connections} `));
    expect(lines.find((line) => line.endsWith("now"))).toMatch(/^ +260 /);
    const bars = lines.slice(1, -1).map((line) => [...line].filter((sign) => sign === "█").length);
    expect(bars[0]).toBe(Math.max(...bars));
    expect(bars[0]).toBeGreaterThan(8);
  });

  it("says what each fix saves, and the deadlock floor", () => {
    expect(section(text, "With the findings fixed").join(" ")).toContain(
      "without nagle-delayed-ack: 45.0 ms to 1.00 ms",
    );
    expect(text).toContain("40 x (2 - 1) + 1 = 41");
  });

  it.each([40, 48, 60, 80, 120])("fits into %i columns, in plain ASCII too", (columns) => {
    for (const unicode of [true, false]) {
      const shown = table(one, { columns, colour: 0, unicode });
      for (const line of shown.split("\n")) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      if (!unicode) expect(shown).toMatch(/^[ -~\n]*$/);
    }
  });

  it("is whole in Markdown", () => {
    const shown = markdown(one, { columns: 80, colour: 0, unicode: true });
    for (const title of [
      "Pool",
      "Waiting for a connection",
      "Connections against waiting",
      "With the findings fixed",
    ]) {
      expect(shown).toContain(`\n## ${title}\n`);
    }
    expect(shown).toMatch(/\| simulation \| [\d.]+ % \|/);
    expect(shown).toContain("### 260 connections, 86.5 % busy");
  });
});

it("shows several pools as one line each", () => {
  const base = { ...one, pool: null };
  const named = ["memcached 10.0.0.1:11211", "redis 10.0.0.2:6379"].map((id) => ({
    ...(stallReport().runs[0] as Report["runs"][number]),
    id,
    pool,
  }));
  const shown = table({ ...base, runs: named }, { columns: 80, colour: 0, unicode: true });
  const lines = section(shown, "Pools");
  expect(lines[1]).toBe("  memcached 10.0.0.1:11211");
  expect(lines[2]).toMatch(new RegExp(`5000/s +45.0 ms +225 +260 +86.5 % +${sizes?.now.connections}$`));
  expect(lines[3]).toBe("  redis 10.0.0.2:6379");
  const written = markdown({ ...base, runs: named }, { columns: 80, colour: 0, unicode: true });
  expect(written).toContain("| `redis 10.0.0.2:6379` | 5000/s |");
});
