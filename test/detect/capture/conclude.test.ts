import { describe, expect, test } from "vitest";
import type { FlowObserver } from "../../../src/capture/flows/flow-events.js";
import { CAPTURE_DETECTORS } from "../../../src/detect/capture/registry.js";
import { CAPTURE_FINDING_CODES } from "../../../src/detect/finding-codes.js";
import {
  analysis,
  begin,
  CLIENT,
  concluded,
  exchange,
  findingsOf,
  hold,
  outcomeOf,
  reportOf,
  resend,
  tell,
} from "./script.js";

const bug = () => {
  throw new Error("a bug");
};

describe("a detector that throws", () => {
  const start = CAPTURE_DETECTORS["nagle-delayed-ack"].start;
  test.each([
    ["when it starts", { start: bug }],
    ["at an exchange", { start: (context: never) => Object.assign(start(context), { exchange: bug }) }],
    ["when a flow ends", { start: (context: never) => Object.assign(start(context), { flowEnded: bug }) }],
    ["when it finishes", { start: (context: never) => Object.assign(start(context), { finish: bug }) }],
  ])("%s is an outcome; the others go on", (_, broken) => {
    const detectors = { ...CAPTURE_DETECTORS, "slow-server": { ...CAPTURE_DETECTORS["slow-server"], ...broken } };
    const all = analysis({}, detectors as typeof CAPTURE_DETECTORS);
    const on = begin(all.observer);
    for (let i = 0; i < 3; i++)
      tell(all.observer, exchange(on, { atMs: i * 100, latencyMs: 43, holds: [hold(on, { atMs: i * 100 })] }));
    all.observer.flowEnded?.(on, "closed");
    const report = concluded(all);
    expect(outcomeOf(report, "slow-server")).toEqual({ code: "slow-server", status: "failed", reason: "a bug" });
    expect(findingsOf(report, "nagle-delayed-ack")).toMatchObject([{ count: 3 }]);
  });

  test("is heard no more", () => {
    let calls = 0;
    const watch = {
      exchange() {
        calls++;
        bug();
      },
      finish: () => [],
    };
    const rto = { ...CAPTURE_DETECTORS.rto, start: () => watch };
    const all = analysis({}, { ...CAPTURE_DETECTORS, rto });
    const on = begin(all.observer);
    for (let i = 0; i < 5; i++) tell(all.observer, exchange(on));
    expect(calls).toBe(1);
  });
});

describe("the report", () => {
  test("accounts for every detector, in the order of the codes", () => {
    const report = reportOf((observer) => tell(observer, exchange(begin(observer))));
    expect(report.detectors.map(({ code }) => code)).toEqual([...CAPTURE_FINDING_CODES]);
    expect(outcomeOf(report, "rto")).toMatchObject({ status: "ran", reason: "looked at 1 exchanges in 1 connections" });
  });

  test("a calm capture: no stall, with the figures that say so", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 60; i++) tell(observer, exchange(on, { atMs: i * 10 }));
    });
    expect(report.findings).toEqual([]);
    expect(report.verdict.reasons).toEqual([
      expect.stringMatching(
        /^No stall: in 60 exchanges of 1 service nothing waited .*p50 1.00 ms, p99 1.00 ms in memcached 10.0.0.1:11211/,
      ),
    ]);
    expect(report.theories.every(({ verdict }) => verdict === "refuted")).toBe(true);
  });

  test("nothing but the path: the theory says so, and the verdict with it", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 10; i++) tell(observer, exchange(on, { atMs: i * 100, latencyMs: 42 }));
    });
    expect(report.findings).toEqual([]);
    expect(report.theories.find(({ id }) => id === "slow-path")).toMatchObject({ verdict: "confirmed" });
    expect(report.verdict.reasons[1]).toContain("Confirmed: the path is slow");
  });

  test("Little's law: 250/s of 40 ms on 20 connections are 10 in flight, as measured; after the fix few", () => {
    const report = reportOf((observer) => busyPool(observer, 20, 40));
    const [run] = report.runs;
    expect(run?.concurrency?.mean).toBeCloseTo(10, 0);
    expect(run?.concurrency?.max).toBeGreaterThanOrEqual(10);
    expect(run?.concurrency?.max).toBeLessThanOrEqual(20);
    expect(run?.pool?.now.inFlight).toBeCloseTo(10, 0);
    expect(run?.pool).toMatchObject({ connections: 20, now: { stable: true }, after: { connectionsNeeded: 1 } });
    expect(run?.pool?.says.at(-1)).toContain("20 connections seen, 20 open at once");
    expect(report.theories.find(({ id }) => id === "pool-too-small")).toMatchObject({ verdict: "refuted" });
  });

  test("connections that are all busy: whether somebody waits for one, no capture shows", () => {
    const report = reportOf((observer) => busyPool(observer, 2, 79.9));
    expect(report.theories.find(({ id }) => id === "pool-too-small")).toMatchObject({ verdict: "untested" });
  });

  test("services apart, the one that lost most first; flows that lost most first, as many as asked for", () => {
    const report = reportOf(
      (observer) => {
        for (let i = 0; i < 8; i++) {
          const on = begin(observer, { b: { address: "10.0.0.1", port: 7000 + (i % 2) } });
          const late = i % 2 === 1;
          const resends = late ? [resend(on, { waitedMs: 200 + i })] : [];
          tell(observer, exchange(on, { latencyMs: late ? 210 : 1, resends }));
          observer.flowEnded?.(on, "closed");
        }
      },
      { flowsShown: 3 },
    );
    expect(report.runs.map(({ endpoint, requests }) => [endpoint, requests])).toEqual([
      ["10.0.0.1:7001", 4],
      ["10.0.0.1:7000", 4],
    ]);
    expect(report.flows.map(({ exchanges }) => exchanges.breakdownNs.loss)).toEqual([207e6, 205e6, 203e6]);
    expect(report.source).toMatchObject({ flowsShown: 3 });
    expect(report.verdict.reasons[0]).toMatch(/^memcached 10.0.0.1:7001: packet loss: 4 of 4/);
  });

  test("what is so far: exchanges, stalls, latency", () => {
    const all = analysis();
    const on = begin(all.observer);
    tell(all.observer, exchange(on));
    tell(all.observer, exchange(on, { latencyMs: 43, holds: [hold(on)] }));
    expect(all.soFar()).toMatchObject({ exchanges: 2, stalls: 1 });
    expect(all.soFar().p99Ns).toBeCloseTo(43e6, -5);
  });

  test("limits of the capture are said", () => {
    const all = analysis();
    tell(all.observer, exchange(begin(all.observer)));
    const { reasons } = all.conclude(
      {
        ...(concluded(all).source as never as Parameters<typeof all.conclude>[0]),
        truncated: { atByte: 100, afterPacket: 7, says: "cut" },
        dropped: 3,
        flowsEvicted: 2,
      },
      concluded(all),
    ).verdict;
    expect(reasons.slice(1)).toEqual([
      expect.stringContaining("damaged after packet 7"),
      expect.stringContaining("dropped 3 packets"),
      expect.stringContaining("2 connections had to make room"),
    ]);
  });
});

/** Each connection asks every 80 ms, all apart; every request is held for its whole latency. */
function busyPool(observer: FlowObserver, connections: number, latencyMs: number): void {
  const flows = Array.from({ length: connections }, () => begin(observer, { startNs: 0, endNs: 4000e6 }));
  for (let round = 0; round < 50; round++) {
    flows.forEach((on, i) => {
      const atMs = round * 80 + (i * 80) / connections;
      tell(
        observer,
        exchange(on, { atMs, latencyMs, holds: [hold(on, { atMs, delayMs: latencyMs - 1, sender: CLIENT })] }),
      );
    });
  }
  for (const on of flows) observer.flowEnded?.(on, "end-of-capture");
}
