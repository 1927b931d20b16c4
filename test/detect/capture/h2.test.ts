import { describe, expect, test } from "vitest";
import type { FlowControlStall, SeenGoaway, Side } from "../../../src/capture/flows/flow-events.js";
import { begin, CLIENT, exchange, findingsOf, type OpenFlow, outcomeOf, reportOf, SERVER, tell } from "./script.js";

const MS = 1e6;
const H2 = { protocol: "h2" } as const;

const goaway = (on: OpenFlow, words: Partial<SeenGoaway> = {}): SeenGoaway => ({
  flow: on,
  by: SERVER,
  packet: 7,
  atNs: 50 * MS,
  codeName: "NO_ERROR",
  debug: "",
  lastStreamId: 3,
  lostStreams: 0,
  pings: 0,
  ...words,
});

const wait = (on: OpenFlow, atMs: number, closedMs: number, sender: Side = CLIENT): FlowControlStall => ({
  flow: on,
  sender,
  packets: [3, 5, 6],
  atNs: atMs * MS,
  closedNs: closedMs * MS,
});

describe("h2-goaway and h2-ping-enforced", () => {
  test("connections that the server ends, graceful ends apart from errors and from pings refused", () => {
    const report = reportOf((observer) => {
      for (let i = 0; i < 4; i++) {
        const on = begin(observer, H2);
        tell(observer, exchange(on));
        // A graceful end says it twice, the second time with what is really left.
        if (i === 0) observer.goaway?.(goaway(on, { lastStreamId: 2 ** 31 - 1 }));
        if (i === 0) observer.goaway?.(goaway(on, { lastStreamId: 5 }));
        if (i === 1) observer.goaway?.(goaway(on, { codeName: "PROTOCOL_ERROR", debug: "bad frame", lostStreams: 2 }));
        if (i === 2)
          observer.goaway?.(goaway(on, { codeName: "ENHANCE_YOUR_CALM", debug: "too_many_pings", pings: 3 }));
        if (i !== 1) observer.flowEnded?.(on, "closed");
      }
    });
    const [ended] = findingsOf(report, "h2-goaway");
    expect(ended).toMatchObject({ severity: "warning", count: 2, of: 4, confidence: "certain" });
    expect(ended?.title).toContain("NO_ERROR, PROTOCOL_ERROR");
    expect(ended?.costNs.total).toBeGreaterThan(0);
    const [refused] = findingsOf(report, "h2-ping-enforced");
    expect(refused).toMatchObject({ severity: "error", count: 1, of: 4 });
    expect(refused?.title).toContain("too_many_pings");
    expect(refused?.evidence[0]?.says).toContain("after 3 pings of the client");
  });

  test("all graceful: for information; a calm-down without a ping is no matter of pings", () => {
    const graceful = reportOf((observer) => {
      const on = begin(observer, H2);
      tell(observer, exchange(on));
      observer.goaway?.(goaway(on));
    });
    expect(findingsOf(graceful, "h2-goaway")).toMatchObject([{ severity: "info", count: 1 }]);
    const calm = reportOf((observer) => {
      const on = begin(observer, H2);
      tell(observer, exchange(on));
      observer.goaway?.(goaway(on, { codeName: "ENHANCE_YOUR_CALM" }));
    });
    expect(findingsOf(calm, "h2-ping-enforced")).toEqual([]);
    expect(findingsOf(calm, "h2-goaway")).toMatchObject([{ severity: "warning" }]);
  });

  test("a client that ends its own connection is nobody's trouble, nor is the server's answer to that", () => {
    const report = reportOf((observer) => {
      const on = begin(observer, H2);
      tell(observer, exchange(on));
      observer.goaway?.(goaway(on, { by: CLIENT }));
      observer.goaway?.(goaway(on));
      observer.flowEnded?.(on, "closed");
    });
    expect(findingsOf(report, "h2-goaway")).toEqual([]);
    expect(outcomeOf(report, "h2-goaway")?.status).toBe("ran");
  });

  test("without a stream of HTTP/2 nothing can be said, and the way to it is named", () => {
    const report = reportOf((observer) => tell(observer, exchange(begin(observer))));
    for (const code of ["h2-goaway", "h2-ping-enforced", "h2-flow-control"] as const) {
      expect(outcomeOf(report, code)).toMatchObject({
        status: "not-applicable",
        reason: expect.stringContaining("--keylog"),
      });
    }
  });
});

describe("h2-flow-control", () => {
  const waited = (sender: Side, closedMs: number) =>
    reportOf((observer) => {
      const on = begin(observer, H2);
      for (let i = 0; i < 20; i++) {
        const stalls = i < 5 ? [wait(on, i * 100 + 1, closedMs, sender)] : [];
        tell(observer, exchange(on, { atMs: i * 100, latencyMs: 60, flowControlStalls: stalls }));
      }
    });

  test("requests that waited for the server's window, and answers that waited for the client's", () => {
    const [byServer] = findingsOf(waited(CLIENT, 50), "h2-flow-control");
    expect(byServer).toMatchObject({
      severity: "warning",
      count: 5,
      of: 20,
      costNs: { total: 250e6, p50: 50e6, max: 50e6 },
    });
    expect(byServer?.title).toContain("to send their body");
    expect(byServer?.evidence[0]).toMatchObject({ packets: [3, 5, 6] });
    const [byClient] = findingsOf(waited(SERVER, 50), "h2-flow-control");
    expect(byClient?.title).toContain("until the client gave window");
    expect(byClient?.fix[0]).toContain("client's window");
  });

  test("a wait of a moment is none", () => {
    expect(findingsOf(waited(CLIENT, 0.1), "h2-flow-control")).toEqual([]);
  });
});
