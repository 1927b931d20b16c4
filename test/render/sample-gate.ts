/** Reports written by hand as `netlat check` would make them. */
import { type Gate, type Report, reportSchema } from "../../src/report/model.js";
import { stallReport } from "./sample-report.js";

const MS = 1e6;
type Check = Gate["checks"][number];

const check = (name: string, line: number, rest: Partial<Check>): Check => ({
  name,
  kind: "probe",
  subject: "memcached://127.0.0.1:11211/somekey",
  line,
  outcome: "pass",
  reasons: [],
  attempts: 1,
  attemptOutcomes: [rest.outcome ?? "pass"],
  durationNs: 1.204e9,
  exitCode: 0,
  expectations: [],
  runs: [],
  findings: [],
  ...rest,
});

const expectation = (
  text: string,
  line: number,
  observed: string,
  rest: Partial<Check["expectations"][number]> = {},
): Check["expectations"][number] => ({ text, line, run: null, outcome: "pass", observed, says: "", ...rest });

const gate = (checks: Check[], notRun: string[], rest: Partial<Report>): Report => {
  const base = stallReport();
  return reportSchema.parse({
    ...base,
    source: { kind: "check", suite: "ci/netlat.yaml", durationNs: 9.1e9, interrupted: false },
    effects: [],
    theories: [],
    pool: null,
    gate: { checks, notRun },
    ...rest,
  });
};

/** One check for each way to end: pass, fail with a cause, no cause, too few, nobody there, and a pass on the second attempt. */
export function mixedGate(): Report {
  const base = stallReport();
  const [whole, split, , other] = base.runs.map((run) => ({ ...run, id: `${run.factors.split}: ${run.id}` }));
  const [stall] = base.findings;
  const checks = [
    check("one write", 4, {
      expectations: [
        expectation("p99 < 5ms", 7, "143 us (140 us to 148 us)"),
        expectation("errors == 0", 8, "0 of 1000"),
        expectation("findings nagle-delayed-ack == 0", 9, "0"),
      ],
      runs: [whole!.id],
    }),
    check("split writes", 11, {
      outcome: "fail",
      exitCode: 1,
      reasons: ["p99 < 5ms in nagle=on: 44.8 ms (44.6 ms to 45.1 ms) (the interval lies above 5.00 ms)"],
      expectations: [
        expectation("p99 < 5ms", 14, "44.8 ms (44.6 ms to 45.1 ms)", {
          run: split!.id,
          outcome: "fail",
          says: "the interval lies above 5.00 ms",
        }),
        expectation("p99 < 5ms", 14, "195 us (190 us to 202 us)", { run: other!.id }),
        expectation("errors == 0", 15, "0 of 1000", { run: split!.id }),
        expectation("errors == 0", 15, "0 of 1000", { run: other!.id }),
      ],
      runs: [split!.id, other!.id],
      findings: [0],
    }),
    check("against last week", 17, {
      outcome: "fail",
      exitCode: 1,
      expectations: [
        expectation("baseline p50 < +10%", 21, "+18.2 % (+16.9 % to +19.4 %)", {
          outcome: "fail",
          says: "118 us was 99.8 us in ci/baseline.json; the interval lies above +10 %",
        }),
      ],
      baselineUpdate: {
        file: "ci/baseline.json",
        status: "refused",
        says: "it would become looser; give --update-baseline=loosen if that is meant",
        changes: [
          { run: whole!.id, quantile: 0.5, oldNs: 99_800, newNs: 118_000, lowNs: 16_900, highNs: 19_400, looser: true },
          { run: whole!.id, quantile: 0.999, oldNs: 400_000, newNs: 300_000, lowNs: null, highNs: null, looser: false },
        ],
      },
    }),
    check("too few", 23, {
      outcome: "inconclusive",
      exitCode: 5,
      expectations: [
        expectation("p99 < 5ms", 26, "3 requests", {
          outcome: "inconclusive",
          says: "a p99 needs at least 299 requests; give `requests: 300` or more",
        }),
      ],
    }),
    check("nobody there", 28, {
      outcome: "inconclusive",
      exitCode: 4,
      subject: "memcached://127.0.0.1:1/key",
      reasons: ["cannot connect: connection refused"],
      durationNs: 3 * MS,
    }),
    check("noisy neighbour", 33, {
      attempts: 2,
      reasons: ["attempt 1: corrected.p999 < 20ms: 41.0 ms (35.1 ms to 60.2 ms)"],
      attemptOutcomes: ["fail", "pass"],
      expectations: [expectation("corrected.p999 < 20ms", 36, "17.1 ms (15.2 ms to 19.3 ms)")],
    }),
  ];
  return gate(checks, ["capture of the night", "redis"], {
    runs: [whole!, split!, other!],
    findings: [{ ...stall!, subject: { run: split!.id } }],
    verdict: { status: "fail", reasons: [] },
  });
}

export function passingGate(): Report {
  const checks = [check("one write", 4, { expectations: [expectation("p99 < 5ms", 7, "143 us (140 us to 148 us)")] })];
  return gate(checks, [], { runs: [], findings: [], verdict: { status: "pass", reasons: [] } });
}
