/** Reports that are made of others, by the code that makes them, from latencies that are the same on every call. */
import { compareReports } from "../../src/compare/compare-reports.js";
import { mergeReports } from "../../src/compare/merge-reports.js";
import { parseMinimumEffect } from "../../src/compare/minimum-effect.js";
import { reportBase } from "../../src/report/base.js";
import { type Report, type Run, reportSchema } from "../../src/report/model.js";
import { moody, probeReport, runOf } from "../compare/runs.js";

const US = 1e3;
const base = () =>
  reportBase(
    new Date("2026-05-04T10:00:00Z"),
    { os: "Debian GNU/Linux 12", kernel: "Linux 6.1.0", node: "v20.20.0", cpus: 2, tickHz: 250 },
    "0.1.0",
  );

function cell(nagle: string, medianNs: number, seed: number, rest: Partial<Run> = {}): Run {
  const factors = { nagle, split: "fields" };
  return runOf(moody(medianNs, 10, 200, seed), 10, { id: `nagle=${nagle},split=fields`, factors, ...rest });
}

/** One cell got slower, one is the same but for its failures, one has no like. */
export function comparisonReport(): Report {
  const before = probeReport("base.json", [
    cell("on", 200 * US, 1),
    cell("off", 43_900 * US, 2),
    cell("x|\u001b[31m", 1e6, 3),
  ]);
  const after = probeReport("new.json", [
    cell("on", 290 * US, 4),
    cell("off", 43_800 * US, 5, { errors: { timeout: 3 }, requests: 2003 }),
  ]);
  if (after.report.source.kind === "probe") after.report.source.pacing = "open loop at 500/s";
  const question = { confidence: 0.95, minimumEffect: parseMinimumEffect("5%", "x"), quantiles: [0.5, 0.9, 0.99] };
  return reportSchema.parse(compareReports(before, after, question, base()));
}

/** Three runs, of which one stands out. */
export function mergeReport(): Report {
  const parts = [200, 205, 260].map((us, at) => probeReport(`run-${at + 1}.json`, [cell("off", us * US, 7 + at)]));
  return reportSchema.parse(mergeReports(parts, base()));
}
