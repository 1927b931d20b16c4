import { describe, expect, test } from "vitest";
import type { FlowObserver } from "../../../src/capture/flows/flow-events.js";
import {
  analysis,
  begin,
  CLIENT,
  concluded,
  exchange,
  findingsOf,
  hold,
  type OpenFlow,
  outcomeOf,
  reportOf,
  SERVER,
  tell,
} from "./script.js";

const CODE = "nagle-delayed-ack";

/** `stalled` of `of` exchanges are held for 41 ms, one every 100 ms. */
function stalling(observer: FlowObserver, on: OpenFlow, stalled: number, of: number, sender = CLIENT): void {
  for (let i = 0; i < of; i++) {
    const held = i < stalled ? [hold(on, { atMs: i * 100, sender, packet: 10 * i + 1, delayMs: 41 + i / 100 })] : [];
    tell(observer, exchange(on, { atMs: i * 100, latencyMs: i < stalled ? 43 : 1, holds: held }));
  }
}

describe("the stall", () => {
  test("is counted once per exchange, with its cost, its proof, the timer behind it, and the latency without it", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      stalling(observer, on, 59, 60);
      observer.flowEnded?.(on, "closed");
    });
    const [finding, ...more] = findingsOf(report, CODE);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      severity: "error",
      confidence: "certain",
      count: 59,
      of: 60,
      subject: { run: "memcached 10.0.0.1:11211" },
      costNs: { max: 41.58e6 },
    });
    expect(finding?.title).toContain("59 of 60 requests waited 41.3 ms");
    expect(finding?.costNs.p50).toBeGreaterThan(41e6);
    expect(finding?.evidence[0]?.says).toContain("Linux (TCP_DELACK_MIN, 40 ms)");
    expect(finding?.evidence.slice(1).map(({ packets }) => packets)).toEqual([
      [581, 582, 583],
      [571, 572, 573],
      [561, 562, 563],
    ]);
    expect(finding?.whatIf?.p50Ns).toBeLessThan(3e6);
    expect(finding?.fix[0]).toContain("write each request with one call");
    expect(report.theories.find(({ id }) => id === CODE)?.verdict).toBe("confirmed");
    expect(report.verdict.reasons[0]).toMatch(/59 of 60 requests waited.*p50 43.0 ms, without it 1.\d\d ms/);
  });

  test("of three parts, with two holds in one exchange, counts once and costs both", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      const holds = [hold(on, { atMs: 0 }), hold(on, { atMs: 41, packet: 4 })];
      tell(observer, exchange(on, { latencyMs: 83, holds }));
    });
    expect(findingsOf(report, CODE)).toMatchObject([{ count: 1, of: 1, costNs: { total: 82e6 } }]);
  });

  test("in the answer blames the server, and the client's timer", () => {
    const report = reportOf((observer) => stalling(observer, begin(observer), 5, 5, SERVER));
    const [finding] = findingsOf(report, CODE);
    expect(finding?.title).toContain("in the answer");
    expect(finding?.evidence[0]?.says).toContain("the client's delayed-ACK timer");
    expect(finding?.fix[0]).toContain("on the server");
  });

  test.each([
    [101, "FreeBSD or macOS"],
    [198, "Windows"],
    [70, "no system's usual one"],
  ])("a timer of %i ms: %s", (delayMs, system) => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on, { latencyMs: delayMs + 2, holds: [hold(on, { delayMs })] }));
    });
    expect(findingsOf(report, CODE)[0]?.evidence[0]?.says).toContain(system);
  });

  test("the ladder is the worst exchange's, with a word at the packets that prove it", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (const delayMs of [41, 44, 42]) {
        const packets = [
          { number: 5, atNs: 0, from: SERVER, bytes: 7, flags: 16 },
          { number: 10, atNs: 1e6, from: CLIENT, bytes: 10, flags: 24 },
          { number: 11, atNs: (1 + delayMs) * 1e6, from: SERVER, bytes: 0, flags: 16 },
          { number: 12, atNs: (1 + delayMs) * 1e6, from: CLIENT, bytes: 90, flags: 24 },
          { number: 14, atNs: 46e6, from: SERVER, bytes: 50, flags: 24 },
          { number: 15, atNs: 60e6, from: CLIENT, bytes: 10, flags: 24 },
        ];
        const ended = exchange(on, {
          atMs: 1,
          latencyMs: 45,
          holds: [hold(on, { atMs: 1, delayMs, packet: 10 })],
          packets,
        });
        tell(observer, { ...ended, packets: [10, 14] });
      }
    });
    const ladder = findingsOf(report, CODE)[0]?.ladder;
    expect(ladder).toMatchObject({ startNs: 1e6, omitted: 0 });
    expect(
      ladder?.steps.map(({ packet, atNs, from, bytes, flags }) => [packet, atNs / 1e6, from, bytes, flags]),
    ).toEqual([
      [10, 0, "client", 10, "PSH ACK"],
      [11, 44, "server", 0, "ACK"],
      [12, 44, "client", 90, "PSH ACK"],
      [14, 45, "server", 50, "PSH ACK"],
    ]);
    expect(ladder?.steps.map(({ says }) => says)).toEqual([
      "10 B in flight, less than a full segment",
      "lone ACK, 44.0 ms late",
      "90 B held back until then, 44.0 ms",
      undefined,
    ]);
  });

  test("of a request that never got its answer counts as well", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on));
      observer.hold?.(hold(on, { atMs: 100 }));
      observer.hold?.(hold(on, { atMs: 141 }));
      observer.flowEnded?.(on, "end-of-capture");
    });
    expect(findingsOf(report, CODE)).toMatchObject([{ count: 1, of: 2, costNs: { total: 82e6 }, whatIf: null }]);
  });

  test("on a stream without answers counts each time", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 100; i++) observer.hold?.(hold(on, { atMs: i * 50 }));
      observer.flowEnded?.(on, "end-of-capture");
    });
    expect(findingsOf(report, CODE)).toMatchObject([{ count: 100, of: 100 }]);
  });
});

describe("the nearest things that are none", () => {
  test("a hold for less than any delayed-ACK timer", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on, { latencyMs: 25, holds: [hold(on, { delayMs: 24 })] }));
    });
    expect(findingsOf(report, CODE)).toEqual([]);
    expect(outcomeOf(report, CODE)).toMatchObject({ status: "ran" });
    expect(report.theories.find(({ id }) => id === CODE)?.verdict).toBe("refuted");
  });

  test("pauses of an application whose Nagle's algorithm turns out to be off, however late that shows", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      stalling(observer, on, 10, 10);
      observer.hold?.(hold(on, { atMs: 2000 }));
      on.nagleOff[CLIENT] = true;
      observer.nagleOff?.(on, CLIENT);
      tell(observer, exchange(on, { atMs: 2000, latencyMs: 43, holds: [hold(on, { atMs: 2000 })] }));
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, CODE)).toEqual([]);
    expect(report.runs[0]?.breakdownNs?.senderHold).toBe(0);
    expect(report.flows[0]?.exchanges.breakdownNs.senderHold).toBe(0);
    expect(report.verdict.reasons[0]).toMatch(/^No stall/);
  });

  test.each([
    [4, 2, 6],
    [4, 3, 4],
    [0, 5, 0],
    [100, 50, 150],
    [10, 100, 10],
  ])("beside %i prompt releases %i late ones make %i stalls", (prompt, late, counted) => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < prompt + late; i++) {
        // Spread, so that at no time there are more late ones than in the end.
        const isLate = Math.floor(((i + 1) * late) / (prompt + late)) > Math.floor((i * late) / (prompt + late));
        const held = hold(on, { atMs: i * 100, prompt: !isLate });
        tell(observer, exchange(on, { atMs: i * 100, latencyMs: 43, holds: [held] }));
      }
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, CODE).reduce((sum, { count }) => sum + count, 0)).toBe(counted);
  });

  test("Nagle's algorithm off on one side, or one flow, clears no other", () => {
    const report = reportOf((observer) => {
      const [one, two] = [begin(observer), begin(observer)];
      stalling(observer, one, 3, 3);
      stalling(observer, one, 4, 4, SERVER);
      stalling(observer, two, 5, 5);
      one.nagleOff[CLIENT] = true;
      observer.nagleOff?.(one, CLIENT);
      for (const on of [one, two]) observer.flowEnded?.(on, "closed");
    });
    const counts = findingsOf(report, CODE).map(({ title, count }) => [title.includes("in the answer"), count]);
    expect(counts).toEqual(
      expect.arrayContaining([
        [true, 4],
        [false, 5],
      ]),
    );
  });
});

test("where one direction was captured it cannot judge", () => {
  const report = reportOf((observer) => {
    const on = begin(observer, { handshakeSeen: false, handshakeRttNs: null, legNs: [null, null] });
    observer.flowEnded?.(on, "end-of-capture");
  });
  expect(outcomeOf(report, CODE)).toMatchObject({
    status: "not-applicable",
    reason: "only one direction of each connection was captured",
  });
});

test("asked in the middle of a capture it tells what it has, and changes nothing", () => {
  const all = analysis();
  const on = begin(all.observer);
  stalling(all.observer, on, 70, 70);
  const middle = concluded(all);
  expect(findingsOf(concluded(all), CODE)).toEqual(findingsOf(middle, CODE));
  stalling(all.observer, on, 30, 30);
  all.observer.flowEnded?.(on, "closed");
  expect(findingsOf(middle, CODE)).toMatchObject([{ count: 70, of: 70 }]);
  expect(findingsOf(concluded(all), CODE)).toMatchObject([{ count: 100, of: 100 }]);
});

test("one finding for ten thousand flows, with the worst few proofs of all", () => {
  const report = reportOf((observer) => {
    const flows = Array.from({ length: 10_000 }, () => begin(observer));
    flows.forEach((on, i) => {
      const held = hold(on, { atMs: i, delayMs: 40 + (i % 100) / 10, packet: i + 1 });
      tell(observer, exchange(on, { atMs: i, latencyMs: 52, holds: [held] }));
    });
    for (const on of flows) observer.flowEnded?.(on, "closed");
  });
  const findings = findingsOf(report, CODE);
  expect(findings).toMatchObject([{ count: 10_000, of: 10_000, costNs: { max: 49.9e6 } }]);
  expect(findings[0]?.evidence).toHaveLength(4);
  expect(findings[0]?.evidence[1]?.says).toContain("held back for 49.9 ms");
  expect(findings[0]?.ladder?.steps.length).toBeGreaterThan(0);
});
