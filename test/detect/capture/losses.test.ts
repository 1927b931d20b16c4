import { describe, expect, test } from "vitest";
import { covered } from "../../../src/detect/capture/delays.js";
import {
  begin,
  CLIENT,
  exchange,
  findingsOf,
  outcomeOf,
  reportOf,
  resend,
  SERVER,
  tell,
  windowStall,
} from "./script.js";

describe.each(["rto", "fast-retransmit"] as const)("%s", (code) => {
  test("counts exchanges that waited for a resend, once each, with the time from the original on", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      for (let i = 0; i < 37; i++) tell(observer, exchange(on, { atMs: i * 10 }));
      for (let i = 0; i < 3; i++) {
        const atMs = 1000 + i * 1000;
        // The timer doubles: the second wait counts from the first resend.
        const resends = [
          resend(on, { kind: code, atMs, waitedMs: 201 }),
          resend(on, { kind: code, atMs: atMs + 201, waitedMs: 402 }),
        ];
        tell(observer, exchange(on, { atMs, latencyMs: 605, resends }));
      }
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, code)).toMatchObject([
      { severity: "warning", count: 3, of: 40, costNs: { total: 3 * 603e6, max: 603e6 }, confidence: "certain" },
    ]);
    const [finding] = findingsOf(report, code);
    expect(finding?.evidence.at(-1)).toMatchObject({ packets: [1, 2] });
    expect(finding?.whatIf?.p99Ns).toBeLessThan(3e6);
    expect(finding?.ladder?.flow).toBeGreaterThan(0);
    expect(report.theories.find(({ id }) => id === "packet-loss")?.verdict).toBe("confirmed");
  });

  test("of many segments in one flight costs the time they cover, not its multiple", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      const resends = Array.from({ length: 20 }, (_, i) =>
        resend(on, { kind: code, atMs: i / 10, waitedMs: 2, sender: SERVER }),
      );
      tell(observer, exchange(on, { latencyMs: 30, resends }));
    });
    expect(findingsOf(report, code)).toMatchObject([{ count: 1, costNs: { total: 3.9e6 } }]);
    expect(findingsOf(report, code)[0]?.title).toContain("server");
  });

  test("is not told of spurious resends, of the other kind, of a lone FIN, or of what came after the answer", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      const other = code === "rto" ? "fast-retransmit" : "rto";
      tell(observer, exchange(on, { latencyMs: 300, resends: [resend(on, { kind: "spurious" })] }));
      tell(observer, exchange(on, { atMs: 400, latencyMs: 300, resends: [resend(on, { kind: other, atMs: 400 })] }));
      tell(observer, exchange(on, { atMs: 800, latencyMs: 1, resends: [resend(on, { kind: code, atMs: 900 })] }));
      observer.resend?.(resend(on, { kind: code, atMs: 2000, bytes: 0 }));
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, code)).toEqual([]);
    expect(outcomeOf(report, code)).toMatchObject({ status: "ran" });
  });

  test("a request that was lost and never answered counts", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on));
      for (let i = 0; i < 200; i++)
        observer.resend?.(resend(on, { kind: code, atMs: 1000 + i * 200, waitedMs: 200, original: null }));
      observer.flowEnded?.(on, "end-of-capture");
    });
    expect(findingsOf(report, code)).toMatchObject([{ count: 1, of: 2 }]);
  });

  test("cannot judge a capture without a connection", () => {
    expect(
      outcomeOf(
        reportOf(() => {}),
        code,
      ),
    ).toMatchObject({
      status: "not-applicable",
      reason: "no TCP connection in the capture",
    });
  });
});

describe("syn-retransmit", () => {
  test("counts connections, with all waits added up", () => {
    const report = reportOf((observer) => {
      for (let i = 0; i < 9; i++) observer.flowEnded?.(begin(observer), "closed");
      const slow = begin(observer, { handshakeRttNs: null });
      observer.resend?.(resend(slow, { kind: "syn", waitedMs: 1000, bytes: 0 }));
      observer.resend?.(resend(slow, { kind: "syn", atMs: 1000, waitedMs: 2000, bytes: 0 }));
      observer.flowEnded?.(slow, "closed");
    });
    expect(findingsOf(report, "syn-retransmit")).toMatchObject([
      { count: 1, of: 10, costNs: { total: 3000e6 }, whatIf: null },
    ]);
    expect(findingsOf(report, "syn-retransmit")[0]?.title).toContain("client had to send its SYN again");
    expect(report.runs.map(({ id }) => id)).toEqual(["tcp 10.0.0.1:11211"]);
  });

  test("the SYN-ACK sent again is the server's", () => {
    const report = reportOf((observer) => {
      const slow = begin(observer, { handshakeRttNs: null });
      observer.resend?.(resend(slow, { kind: "syn", waitedMs: 1000, bytes: 0, sender: SERVER }));
    });
    expect(findingsOf(report, "syn-retransmit")[0]?.title).toContain("server had to send its SYN-ACK again");
  });

  test("a second copy of the same SYN is none", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      observer.resend?.(resend(on, { kind: "syn", waitedMs: 0.1, bytes: 0 }));
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, "syn-retransmit")).toEqual([]);
    expect(outcomeOf(report, "syn-retransmit").status).toBe("ran");
  });

  test("cannot judge connections that were open before", () => {
    const report = reportOf((observer) => {
      const on = begin(observer, { handshakeSeen: false, handshakeRttNs: null });
      tell(observer, exchange(on));
      observer.flowEnded?.(on, "end-of-capture");
    });
    expect(outcomeOf(report, "syn-retransmit")).toMatchObject({ status: "not-applicable" });
  });
});

describe("zero-window", () => {
  test("counts exchanges that a closed window delayed, and names who did not read", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(
        observer,
        exchange(on, {
          latencyMs: 400,
          windowStalls: [windowStall(on), windowStall(on, { atMs: 250, closedMs: 100 })],
        }),
      );
      tell(
        observer,
        exchange(on, { atMs: 500, latencyMs: 400, windowStalls: [windowStall(on, { atMs: 500, receiver: CLIENT })] }),
      );
    });
    const found = findingsOf(report, "zero-window");
    expect(
      found.map(({ title, count, of, costNs }) => [title.includes("because the server"), count, of, costNs.total]),
    ).toEqual([
      [true, 1, 2, 350e6],
      [false, 1, 2, 300e6],
    ]);
    expect(found[0]?.fix[0]).toContain("make the server read faster");
    // The packets that prove it are no longer known: a ladder of the others would prove nothing.
    expect(found[0]?.ladder).toBeUndefined();
  });

  test("a window that was open again only after the answer delayed nobody", () => {
    const report = reportOf((observer) => {
      const on = begin(observer);
      tell(observer, exchange(on, { latencyMs: 10, windowStalls: [windowStall(on, { atMs: 5 })] }));
    });
    expect(findingsOf(report, "zero-window")).toEqual([]);
    expect(outcomeOf(report, "zero-window").status).toBe("ran");
  });

  test("cannot judge a capture without a connection", () => {
    expect(
      outcomeOf(
        reportOf(() => {}),
        "zero-window",
      ).status,
    ).toBe("not-applicable");
  });
});

test("covered time counts overlaps once and nothing before the start", () => {
  expect(covered([], 0)).toBe(0);
  expect(
    covered(
      [
        [50, 60],
        [0, 10],
        [5, 20],
        [6, 7],
      ],
      2,
    ),
  ).toBe(28);
});
