/** slow-server, split-write, delayed-ack, connection-churn, connection-reset: the stall, its nearest neighbour, and what cannot be judged. */
import { describe, expect, test } from "vitest";
import { begin, CLIENT, exchange, findingsOf, lateAck, outcomeOf, reportOf, SERVER, tell } from "./script.js";

describe("slow-server", () => {
  const thinking = (slow: number, of: number, serverMs: number) =>
    reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < of; i++) {
        const late = i % Math.floor(of / slow) === 0;
        tell(
          observer,
          exchange(on, { atMs: i * 200, latencyMs: late ? serverMs + 1 : 1, serverMs: late ? serverMs : 0.1 }),
        );
      }
    });

  test.each([
    [60, 60, 45],
    [12, 60, 100],
  ])("%i of %i exchanges with %i ms of thinking", (slow, of, serverMs) => {
    const report = thinking(slow, of, serverMs);
    expect(findingsOf(report, "slow-server")).toMatchObject([
      { severity: "warning", count: slow, of, costNs: { max: serverMs * 1e6 }, confidence: "likely" },
    ]);
    expect(findingsOf(report, "slow-server")[0]?.ladder?.steps[1]?.says).toContain("of thinking");
    const whatIf = findingsOf(report, "slow-server")[0]?.whatIf;
    expect(whatIf?.p99Ns).toBeLessThan(2e6);
    expect(report.theories.find(({ id }) => id === "slow-server")?.verdict).toBe("confirmed");
  });

  test("one hiccup of 20 ms in 60 is chance; one of 60 ms is told", () => {
    expect(findingsOf(thinking(1, 60, 20), "slow-server")).toEqual([]);
    expect(findingsOf(thinking(1, 60, 60), "slow-server")).toMatchObject([{ count: 1 }]);
  });

  test("a path that took longer this time, as the request's own ACK shows, is no thinking; a delayed ACK shows nothing", () => {
    const acked = (ackMs: number) =>
      reportOf((observer) => {
        const on = begin(observer);
        for (let i = 0; i < 10; i++) {
          const packets = [
            { number: 1, atNs: 0, from: CLIENT, bytes: 100, flags: 24 },
            { number: 2, atNs: ackMs * 1e6, from: SERVER, bytes: 0, flags: 16 },
            { number: 3, atNs: (ackMs + 1) * 1e6, from: SERVER, bytes: 50, flags: 24 },
          ];
          tell(observer, exchange(on, { latencyMs: ackMs + 1, serverMs: ackMs, packets }));
        }
      });
    expect(findingsOf(acked(12), "slow-server")).toEqual([]);
    expect(findingsOf(acked(44), "slow-server")).toMatchObject([{ count: 10 }]);
  });

  test("cannot judge without an exchange", () => {
    const report = reportOf((observer) => observer.flowEnded?.(begin(observer), "closed"));
    expect(outcomeOf(report, "slow-server")).toMatchObject({ status: "not-applicable" });
    expect(report.verdict.reasons[0]).toContain("No verdict: no request with its answer was seen");
  });
});

describe("split-write", () => {
  const split = (requests: number, of: number) =>
    reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < of; i++) {
        tell(observer, exchange(on, i < requests ? { requestSegments: 3, smallRequestSegments: 2 } : {}));
      }
    });

  test("at least half of the requests in more segments than they need: an info, without cost", () => {
    expect(findingsOf(split(5, 10), "split-write")).toMatchObject([
      { severity: "info", count: 5, of: 10, costNs: { total: 0 }, whatIf: null },
    ]);
    expect(findingsOf(split(5, 10), "split-write")[0]?.title).toContain("travel in 3.00 segments");
  });

  test("answers that would fit into one segment", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 4; i++) tell(observer, exchange(on, { answerSegments: 2, answerBytes: 300 }));
    });
    expect(findingsOf(report, "split-write")[0]?.title).toContain("in the answer");
  });

  test("fewer are no habit, and a large request with one small segment needs no more for it", () => {
    expect(findingsOf(split(4, 10), "split-write")).toEqual([]);
    const large = reportOf((observer) => {
      const on = begin(observer);
      const words = {
        requestSegments: 8,
        smallRequestSegments: 1,
        requestBytes: 60_000,
        answerSegments: 20,
        answerBytes: 20_000,
      };
      for (let i = 0; i < 4; i++) tell(observer, exchange(on, words));
    });
    expect(findingsOf(large, "split-write")).toEqual([]);
  });

  test("cannot judge without an exchange", () => {
    expect(
      outcomeOf(
        reportOf(() => {}),
        "split-write",
      ).status,
    ).toBe("not-applicable");
  });
});

describe("delayed-ack", () => {
  test("an info with the timer, and no cost", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 5; i++) {
        tell(observer, exchange(on));
        observer.lateAck?.(lateAck(on, 40 + i));
      }
    });
    const [finding] = findingsOf(report, "delayed-ack");
    expect(finding).toMatchObject({ severity: "info", count: 5, of: 5, costNs: { total: 0 } });
    expect(finding?.title).toMatch(/the server acknowledged 5 times 42.0 ms/);
    expect(finding?.evidence[0]?.says).toContain("Linux");
  });

  test("20 ms is no timer's", () => {
    const report = reportOf((observer) => observer.lateAck?.(lateAck(begin(observer), 20)));
    expect(findingsOf(report, "delayed-ack")).toEqual([]);
  });

  test("cannot judge one direction alone", () => {
    const report = reportOf((observer) => {
      const on = begin(observer, { handshakeSeen: false, handshakeRttNs: null, legNs: [null, null] });
      observer.flowEnded?.(on, "end-of-capture");
    });
    expect(outcomeOf(report, "delayed-ack").status).toBe("not-applicable");
  });
});

describe("connection-churn", () => {
  const opened = (connections: number, each: number, why: "closed" | "end-of-capture" = "closed") =>
    reportOf((observer) => {
      for (let i = 0; i < connections; i++) {
        const on = begin(observer, { startNs: i * 10e6, endNs: i * 10e6 + 5e6 });
        for (let j = 0; j < each; j++) tell(observer, exchange(on, { atMs: i * 10 + j }));
        observer.flowEnded?.(on, why);
      }
    });

  test("a connection for each of twenty requests", () => {
    const report = opened(20, 1);
    expect(findingsOf(report, "connection-churn")).toMatchObject([{ severity: "warning", count: 20, of: 20 }]);
    expect(findingsOf(report, "connection-churn")[0]?.costNs.total).toBeCloseTo(19 * 0.2e6, -4);
    expect(report.runs[0]).toMatchObject({ connections: 20, pool: { connections: 1 } });
  });

  test("few connections, well used ones, or ones that are still open", () => {
    for (const report of [opened(9, 1), opened(20, 2), opened(20, 1, "end-of-capture")]) {
      expect(findingsOf(report, "connection-churn")).toEqual([]);
      expect(outcomeOf(report, "connection-churn").status).toBe("ran");
    }
  });

  test("cannot judge connections whose opening was not captured", () => {
    const report = reportOf((observer) => {
      for (let i = 0; i < 20; i++) {
        const on = begin(observer, { handshakeSeen: false, handshakeRttNs: null });
        tell(observer, exchange(on));
        observer.flowEnded?.(on, "closed");
      }
    });
    expect(outcomeOf(report, "connection-churn").status).toBe("not-applicable");
  });
});

describe("connection-reset", () => {
  test("during a request it is an error, by whom is told, and the request counts as failed", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 9; i++) tell(observer, exchange(on, { atMs: i }));
      observer.reset?.(on, SERVER, 77, 9e6, true);
      observer.flowEnded?.(on, "reset");
    });
    expect(findingsOf(report, "connection-reset")).toMatchObject([
      { severity: "error", count: 1, of: 10, evidence: [{ packets: [77], atNs: 9e6 }] },
    ]);
    expect(findingsOf(report, "connection-reset")[0]?.title).toContain("cut off by the server");
    expect(report.runs[0]).toMatchObject({ requests: 10, errors: { reset: 1 }, answers: { answered: 9 } });
  });

  test("in answer to a SYN the connection was refused", () => {
    const report = reportOf((observer) => {
      for (let i = 0; i < 3; i++) {
        const on = begin(observer, { handshakeRttNs: null, bytes: 0 });
        observer.reset?.(on, SERVER, 2, 1e6, true);
        observer.flowEnded?.(on, "reset");
      }
    });
    expect(findingsOf(report, "connection-reset")).toMatchObject([{ count: 3, of: 3 }]);
    expect(findingsOf(report, "connection-reset")[0]?.title).toContain("connection refused");
    expect(report.runs[0]).toMatchObject({ requests: 0, errors: { refused: 3 } });
  });

  test("after the answer it is a way to close", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on));
      observer.reset?.(on, CLIENT, 5, 2e6, false);
      observer.flowEnded?.(on, "reset");
    });
    expect(findingsOf(report, "connection-reset")).toEqual([]);
    expect(outcomeOf(report, "connection-reset").status).toBe("ran");
  });

  test("cannot judge a capture without a connection", () => {
    expect(
      outcomeOf(
        reportOf(() => {}),
        "connection-reset",
      ).status,
    ).toBe("not-applicable");
  });
});
