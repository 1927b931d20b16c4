import { expect, test } from "vitest";
import { connectionChurn } from "../../../src/detect/probe/connection-churn.js";
import type { ProbeCell } from "../../../src/detect/probe-evidence.js";
import { histogramOf } from "../../../src/report/histogram.js";
import { cell, evidence, MS } from "../evidence.js";
import { goaway, h2Facts } from "../h2-facts.js";
import { overQuic, quicCell } from "../quic-cell.js";
import { quicFacts } from "../quic-facts.js";

const phases = { connect: histogramOf([MS]), tls: histogramOf([3 * MS]) };

test("a connection per request was asked for: its setup is in the latency", () => {
  const perRequest = cell({ firstByte: () => 5, run: { connections: 200, phases } });
  const [finding] = connectionChurn.judge(evidence([perRequest], { reuse: false }));
  expect(finding).toMatchObject({ severity: "warning", count: 199, of: 200, confidence: "certain" });
  expect(finding?.costNs.p50).toBeCloseTo(4 * MS, -5);
  expect(finding?.whatIf?.p50Ns).toBeCloseTo(MS, -5);
  expect(finding?.fix[0]).toContain("reuse");
});

test("the server closes after every tenth request: its setting is named, said once for all cells", () => {
  const run = { connections: 20 };
  const findings = connectionChurn.judge(evidence([cell({ run }), cell({ nagle: true, run })]));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ count: 19, whatIf: null });
  expect(findings[0]?.title).toContain("the server closes");
  expect(findings[0]?.evidence[1]?.says).toBe("the same in 1 more cell");
});

test("not one: as many as the lanes need, a few opened anew, or opened after our own timeouts", () => {
  expect(connectionChurn.judge(evidence([cell({ run: { connections: 50 } })], { connections: 50 }))).toEqual([]);
  expect(connectionChurn.judge(evidence([cell({ run: { connections: 11 } })]))).toEqual([]);
  const timeouts = cell({ run: { connections: 31, errors: { timeout: 30 } } });
  expect(connectionChurn.judge(evidence([timeouts]))).toEqual([]);
});

test("not one: a cell with more connections than the others, and connections that the server ended with GOAWAY", () => {
  const six = { ...cell({ run: { connections: 30 } }), connections: 30 };
  expect(connectionChurn.judge(evidence([six]))).toEqual([]);
  expect(connectionChurn.judge(evidence([{ ...six, connections: 6 }]))[0]).toMatchObject({ count: 24 });
  const ended = h2Facts({ goaways: Array.from({ length: 29 }, () => goaway()) });
  expect(connectionChurn.judge(evidence([cell({ run: { connections: 30, h2: ended } })]))).toEqual([]);
});

test("connect times not seen: the count stands, the cost is unknown", () => {
  const blind = cell({ run: { connections: 200, phases: {} } });
  const [finding] = connectionChurn.judge(evidence([blind], { reuse: false, connect: null }));
  expect(finding).toMatchObject({ count: 199, costNs: { total: 0, p50: 0, max: 0 }, whatIf: null });
});

test("with 0-RTT a request waits only until it is written; the cell that pays the whole handshake is told first", () => {
  const setup = { handshake: histogramOf([40 * MS]) };
  const early = { ...quicFacts().earlyData, offered: 199, accepted: 199 };
  const soon = quicCell(
    { earlyData: early },
    { "early-data": "on" },
    { run: { connections: 200, phases: { ...setup, queue: histogramOf([MS]) } } },
  );
  const late = quicCell({}, { "early-data": "off" }, { run: { connections: 200, phases: setup } });
  const costOf = (cells: readonly ProbeCell[]) => connectionChurn.judge(overQuic(cells, { reuse: false }))[0];
  expect(costOf([soon])?.costNs.p50).toBeCloseTo(MS, -5);
  expect(costOf([soon])?.evidence[0]?.says).toContain("in 0-RTT left out");
  expect(costOf([soon, late])).toMatchObject({ subject: { run: late.run.id } });
  expect(costOf([soon, late])?.costNs.p50).toBeCloseTo(40 * MS, -6);
});

test("it cannot judge without a usable cell", () => {
  expect(connectionChurn.cannotJudge(evidence([]))).toBe("no cell was run");
});
