import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { poolCommand } from "../../src/commands/pool.js";
import type { Ui } from "../../src/commands/ui.js";
import { NetlatError } from "../../src/errors.js";
import { renderers } from "../../src/render/index.js";
import { toHistogramData } from "../../src/report/histogram.js";
import type { Report, Run } from "../../src/report/model.js";
import { parseReport } from "../../src/report/parse.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";
import { stallCapture } from "../render/sample-capture.js";
import { openLoopReport, stallReport } from "../render/sample-report.js";

const MS = 1e6;
const folder = mkdtempSync(join(tmpdir(), "netlat-pool-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Report): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

async function run(...args: string[]): Promise<Report> {
  const emitted: Report[] = [];
  const ui: Ui = {
    version: "1.2.3",
    emit: async (report) => {
      emitted.push(report);
    },
    terminal: () => ({ columns: 80, colour: 0, unicode: true }),
    warn: () => {},
    progress: { show: () => {}, clear: () => {} },
    interrupt: { signal: new AbortController().signal },
    environment: () => ({ os: "test", kernel: "test", node: "v20", cpus: 2, tickHz: null }),
  };
  const command = poolCommand(ui)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: "user" });
  // What is emitted must be a report that can be read again.
  return parseReport(JSON.stringify(emitted[0]));
}

const refusal = async (...args: string[]): Promise<NetlatError> => {
  const error = await run(...args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NetlatError);
  return error as NetlatError;
};

/** 1000 requests, 9 of 10 take 1 ms, the others 41 ms: 5 ms on average. */
function latency(): LatencyHistogram {
  const histogram = new LatencyHistogram();
  histogram.recordMany(1 * MS, 900);
  histogram.recordMany(41 * MS, 100);
  return histogram;
}

const withLatency = (run: Run, over: Partial<Run> = {}): Run => {
  const { pool: _, ...rest } = run;
  return { ...rest, latency: toHistogramData(latency()), ...over };
};

/** An open loop at 600/s with one cell. */
function openLoop(): Report {
  const report = openLoopReport();
  if (report.source.kind !== "probe") throw new Error("not a probe");
  const run = withLatency(report.runs[0] as Run, { targetRatePerSecond: 600 });
  return {
    ...report,
    runs: [run],
    findings: [],
    pool: null,
    source: { ...report.source, pacing: "open loop, 600/s constant, 8 connections", connections: 8 },
  };
}

describe("netlat pool with a report", () => {
  it("of an experiment with several numbers of connections takes those of the cell", async () => {
    const report = openLoop();
    const [only] = report.runs;
    if (only === undefined) throw new Error("a report without a run");
    const runs = [{ ...only, factors: { ...only.factors, connections: 2 } }];
    expect((await run(file("levels.json", { ...report, runs }))).pool).toMatchObject({ connections: 2 });
  });

  it("of an open loop takes its rate, its arrivals and its connections", async () => {
    const { pool, runs } = await run(file("open.json", openLoop()));
    expect(pool).toMatchObject({ arrivalPerSecond: 600, connections: 8, rateFrom: "measured" });
    expect(pool?.now.inFlight).toBeCloseTo(3, 6);
    expect(pool?.variability).toMatchObject({ arrivalCv2: 0, arrivalFrom: "measured", serviceFrom: "measured" });
    expect(runs.map(({ id, pool: own }) => [id, own])).toEqual([[openLoop().runs[0]?.id, undefined]]);
  });

  it("asked for another rate, does not take the generator for the pool", async () => {
    const { pool, detectors } = await run(file("open.json", openLoop()), "--rate", "5000/s");
    expect(pool).toMatchObject({ arrivalPerSecond: 5000, connections: null, rateFrom: "given" });
    expect(pool?.variability).toMatchObject({ arrivalCv2: 1, arrivalFrom: "assumed" });
    expect(pool?.recommendation?.now.from).toBe("simulation");
    expect(detectors[0]).toMatchObject({ code: "pool-undersized", status: "not-applicable" });
  });

  it("of a closed loop wants the rate: what it let through is not what arrives", async () => {
    const error = await refusal(
      file("closed.json", { ...stallReport(), runs: stallReport().runs.map((one) => withLatency(one)) }),
    );
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(/closed loop.*--rate 5000\/s/);
  });

  it("with several runs fills each run's pool, and only that", async () => {
    const report = { ...stallReport(), runs: stallReport().runs.map((one) => withLatency(one)) };
    const made = await run(file("many.json", report), "--rate", "500/s", "--connections", "10");
    expect(made.pool).toBeNull();
    expect(made.runs.map(({ id }) => id)).toEqual(report.runs.map(({ id }) => id));
    expect(made.runs.every(({ pool }) => pool?.connections === 10 && pool.recommendation !== undefined)).toBe(true);
    const one = await run(file("many.json", report), "--rate", "500/s", "--run", report.runs[1]?.id ?? "");
    expect(one.pool?.now.inFlight).toBeCloseTo(2.5, 6);
  });

  it("tells before and after the fix of each finding, by what it cost", async () => {
    const base = openLoop();
    const finding = {
      ...(stallReport().findings[0] as Report["findings"][number]),
      code: "nagle-delayed-ack" as const,
      subject: { run: base.runs[0]?.id ?? "" },
      count: 100,
      of: 1000,
      costNs: { total: 100 * 40 * MS, p50: 40 * MS, max: 40 * MS },
      whatIf: { p50Ns: MS, p99Ns: MS },
    };
    const { pool } = await run(file("fix.json", { ...base, findings: [finding] }));
    expect(pool?.fixes).toHaveLength(1);
    expect(pool?.fixes?.[0]?.load.residenceNs).toBeCloseTo(1 * MS, 3);
    expect(pool?.after?.residenceNs).toBeCloseTo(1 * MS, 3);
    expect(pool?.recommendation?.after?.connections).toBeLessThan(pool?.recommendation?.now.connections ?? 0);
  });

  it("of a capture takes the service's rate and the connections open at once; --service picks by port", async () => {
    const capture = stallCapture();
    const service = capture.runs[0] as Run;
    const report = {
      ...capture,
      findings: [],
      runs: [
        withLatency(service, {
          endpoint: "10.0.0.1:11211",
          ratePerSecond: 400,
          ...(service.pool === undefined ? {} : { pool: { ...service.pool, connections: 4 } }),
        }),
      ],
    };
    const { pool } = await run(file("capture.json", report), "--service", "11211");
    expect(pool).toMatchObject({ arrivalPerSecond: 400, rateFrom: "measured" });
    expect(pool?.connections).toBe(service.pool === undefined ? null : 4);
    const error = await refusal(file("capture.json", report), "--service", "443");
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(service.id);
  });

  it("reads its own report again", async () => {
    const first = await run(file("open.json", openLoop()), "--rate", "5000/s");
    const again = await run(file("again.json", first), "--rate", "5000/s");
    expect(again.pool?.recommendation?.now).toEqual(first.pool?.recommendation?.now);
  });
});

describe("netlat pool with a histogram log", () => {
  it("takes what --hlog wrote, without the latency that has the waiting in it already", async () => {
    const report = {
      ...openLoop(),
      runs: openLoop().runs.map((one) => ({ ...one, durationNs: 2e9, corrected: one.latency })),
    };
    const path = file("run.hlog", renderers.hlog(report, { columns: 80, colour: 0, unicode: true }));
    const { pool, runs, source } = await run(path);
    expect(runs).toHaveLength(1);
    expect(pool?.arrivalPerSecond).toBeCloseTo(500, 6);
    expect((pool?.now.residenceNs ?? 0) / (5 * MS)).toBeCloseTo(1, 2);
    expect(source).toMatchObject({ kind: "pool", from: expect.stringContaining("HdrHistogram log") });
  });
});

describe("netlat pool refuses", () => {
  it.each([
    ["a text", "hello", [], 3, /neither a report of netlat nor an HdrHistogram log/],
    ["another JSON", "{}", [], 3, /not a report of netlat/],
    ["a report without latencies", JSON.stringify({ ...openLoop(), runs: [] }), [], 3, /holds no latencies/],
    [
      "a latency beside a file",
      JSON.stringify(openLoop()),
      ["--latency", "3ms"],
      2,
      /--latency: .* holds the latencies already/,
    ],
    [
      "a run that is not there",
      JSON.stringify(openLoop()),
      ["--run", "nope"],
      2,
      /--run nope: not in the file; there is/,
    ],
  ])("%s", async (name, content, args, exitCode, message) => {
    const error = await refusal(file(`${name}.x`, content), ...args);
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toMatch(message);
  });

  it.each([
    [["nothing-there.json"], 3, /nothing-there.json: no such file/],
    [["--rate", "5/s", "--latency", "1ms", "--run", "x"], 2, /--run: picks from a file/],
    [["--rate", "5/s", "--latency", "1ms", "--per-task", "2"], 2, /--per-task: --tasks must be given too/],
    [["--rate", "5/s", "--latency", "1ms", "--growth", "30"], 2, /--growth 30: not a growth; write 30%/],
    [["--rate", "5/s", "--latency", "1ms", "--arrival-cv2", "-1"], 2, /--arrival-cv2 -1: not a squared variation/],
    [["--rate", "5/s", "--latency", "1ms", "--target-wait-p99", "0ms"], 2, /--target-wait-p99 0ms/],
  ])("%j", async (args, exitCode, message) => {
    const error = await refusal(...args);
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toMatch(message);
  });
});
