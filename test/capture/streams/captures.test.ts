/** Captures whose truth the client wrote down: as many exchanges as it made requests, none slower than it measured. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { sumOf } from "../tracker/observe.js";
import { readInside, type SeenInside, type Truth, truthOf } from "./read.js";

const CLEAR = ["prior-knowledge", "middle", "nagle-split", "too-many-pings", "small-window", "upgrade"];
const TLS = ["tls12-http1", "tls13-http1", "tls13-key-update", "tls13-early-data", "tls13-early-data-retry"];
const TLS_H2 = ["tls12-h2", "tls13-h2"];

const ascending = (values: readonly number[]): number[] => [...values].sort((left, right) => left - right);

function holdsAgainst({ exchanges, flows }: SeenInside, truth: Truth, protocol: string): void {
  expect(exchanges).toHaveLength(truth.requests);
  expect(new Set(flows.map((flow) => flow.protocol))).toEqual(new Set([protocol]));
  expect(flows.reduce((sum, flow) => sum + flow.exchanges, 0)).toBe(truth.requests);
  // The client's clock ran from before the first byte to after the last one.
  const seenUs = ascending(exchanges.map(({ latencyNs }) => latencyNs / 1000));
  // Some clients did not measure.
  const toldUs = ascending(truth.exchanges.flatMap(({ us }) => us ?? []));
  toldUs.forEach((us, at) => {
    expect(seenUs[at]).toBeLessThanOrEqual(us + 50);
  });
  for (const { latencyNs, breakdownNs, answerBytes, number } of exchanges) {
    expect(Object.values(breakdownNs).every((part) => part >= 0)).toBe(true);
    expect(sumOf(breakdownNs)).toBeCloseTo(latencyNs, 3);
    expect(answerBytes).toBeGreaterThan(0);
    expect(number).toBeGreaterThan(0);
  }
  const told = truth.exchanges.reduce((sum, one) => sum + one.answerBytes, 0);
  expect(exchanges.reduce((sum, one) => sum + one.answerBytes, 0)).toBeGreaterThanOrEqual(told);
}

describe("HTTP/2 in clear text", () => {
  it.each(CLEAR)("%s", (name) => {
    const { seen, inside } = readInside(`h2/${name}.pcap`);
    holdsAgainst(seen, truthOf(`h2/${name}`), "h2");
    expect(inside).toEqual({ read: { "HTTP/2 in clear text": 1 }, unread: {} });
  });

  it("requests at once are in flight at once", () => {
    const { seen } = readInside("h2/prior-knowledge.pcap");
    const last = seen.exchanges.slice(6);
    expect(Math.max(...last.map(({ startNs }) => startNs))).toBeLessThan(Math.min(...last.map(({ endNs }) => endNs)));
    const slow = last.filter(({ latencyNs }) => latencyNs >= 30e6);
    expect(slow).toHaveLength(1);
    expect(slow[0]?.breakdownNs.server).toBeGreaterThan(25e6);
  });

  it("HEADERS and DATA in two writes with Nagle: the stalls that the client measured, each on its own stream", () => {
    const { stalls } = truthOf("h2/nagle-split");
    const { seen } = readInside("h2/nagle-split.pcap");
    expect(seen.stalled).toHaveLength(stalls as number);
    for (const { breakdownNs, latencyNs, holds, requestSegments } of seen.stalled) {
      expect(holds).toHaveLength(1);
      expect(requestSegments).toBe(2);
      expect(breakdownNs.senderHold).toBeGreaterThan(35e6);
      expect(breakdownNs.senderHold / latencyNs).toBeGreaterThan(0.4);
    }
  });

  it("a window that the server opens late: all of the wait, and it is neither the server's time nor the transfer's", () => {
    const { waits, requests } = truthOf("h2/small-window");
    const { seen } = readInside("h2/small-window.pcap");
    const waited = seen.exchanges.filter(({ flowControlStalls }) =>
      flowControlStalls.some((one) => one.closedNs > 15e6),
    );
    expect(waited).toHaveLength(waits as number);
    expect(requests).toBe(waits);
    for (const { breakdownNs, latencyNs } of waited) expect(breakdownNs.window / latencyNs).toBeGreaterThan(0.7);
    expect(seen.waits.every(({ packets: [spent, opened, resumed] }) => spent < opened && opened <= resumed)).toBe(true);
  });

  it("GOAWAY with what the server says, and the pings before it", () => {
    const { seen } = readInside("h2/too-many-pings.pcap");
    expect(seen.goaways.filter(({ by, flow }) => by !== flow.client)).toMatchObject([
      { codeName: "ENHANCE_YOUR_CALM", debug: "too_many_pings", pings: 4, lostStreams: 0, lastStreamId: 1 },
    ]);
  });
});

describe("TLS with its key log", () => {
  it.each([...TLS.map((name) => [name, "http1"] as const), ...TLS_H2.map((name) => [name, "h2"] as const)])(
    "%s (%s)",
    (name, protocol) => {
      const { seen, inside } = readInside(`tls/${name}.pcap`, { keys: `tls/${name}.keys` });
      holdsAgainst(seen, truthOf(`tls/${name}`), protocol);
      const read = protocol === "h2" ? "HTTP/2 in TLS" : "HTTP/1.1 in TLS";
      expect(inside).toEqual({ read: { [read]: seen.flows.length }, unread: {} });
    },
  );

  it("secrets that the capture itself brings along", () => {
    const { seen } = readInside("tls/tls13-http1-secrets.pcapng");
    holdsAgainst(seen, truthOf("tls/tls13-http1"), "http1");
  });

  it("without the secrets of this connection it says so, and tells who speaks in turn as for any other", () => {
    const without = readInside("tls/tls13-http1.pcap");
    const other = readInside("tls/tls13-http1.pcap", { keys: "tls/tls12-http1.keys" });
    expect(without.inside).toEqual({ read: {}, unread: {} });
    expect(other.inside).toEqual({ read: {}, unread: { "the key log has no secrets of the connection": 1 } });
    expect(other.seen.exchanges).toEqual(
      without.seen.exchanges.map((one) => expect.objectContaining({ number: one.number })),
    );
    expect(other.seen.flows[0]?.protocol).toBe("tls");
  });

  it("a snap length that cuts records: named, and nothing made up", () => {
    const { seen, inside } = readInside("tls/tls13-h2.pcap", { keys: "tls/tls13-h2.keys", snap: 200 });
    expect(Object.keys(inside.unread)).toHaveLength(1);
    expect(seen.exchanges.length).toBeLessThanOrEqual(truthOf("tls/tls13-h2").requests);
  });
});

test("an answer that the capture lacks: the others are told, and that something is missing", () => {
  const { requests } = truthOf("h2/nagle-split");
  const { seen } = readInside("h2/nagle-split.pcap");
  const lost = seen.exchanges[9]?.packets[1];
  const { seen: left, inside } = readInside("h2/nagle-split.pcap", { without: (packet) => packet === lost });
  expect(left.exchanges.length).toBeLessThan(requests);
  expect(left.exchanges.length).toBeGreaterThanOrEqual(requests - 3);
  expect(Object.keys(inside.unread)).toEqual([expect.stringContaining("bytes are missing in the capture")]);
});

test("packets that the capture lacks: fewer exchanges, never more, and no nonsense", () => {
  const captures = ["h2/prior-knowledge", "h2/nagle-split", "h2/small-window", "tls/tls13-h2", "tls/tls13-http1"];
  fc.assert(
    fc.property(
      fc.constantFrom(...captures),
      fc.uniqueArray(fc.integer({ min: 6, max: 80 }), { maxLength: 6 }),
      (name, gone) => {
        const keys = name.startsWith("tls/") ? { keys: `${name}.keys` } : {};
        const { seen } = readInside(`${name}.pcap`, { ...keys, without: (packet) => gone.includes(packet) });
        const { requests } = truthOf(name);
        const isRead = seen.flows.every(({ protocol }) => protocol === "h2" || protocol === "http1");
        if (isRead) expect(seen.exchanges.length).toBeLessThanOrEqual(requests);
        for (const { latencyNs, breakdownNs } of seen.exchanges) {
          expect(latencyNs).toBeGreaterThanOrEqual(0);
          expect(Math.abs(sumOf(breakdownNs) - latencyNs)).toBeLessThanOrEqual(1e-6 * latencyNs + 1);
        }
      },
    ),
    { numRuns: 100 },
  );
});
