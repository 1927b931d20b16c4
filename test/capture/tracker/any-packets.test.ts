/** Whatever the packets: nothing is thrown, no figure is nonsense, nothing is told twice. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Packet } from "../../../src/capture/decode/packet.js";
import { Seen, sumOf, trackerOf } from "./observe.js";

const near = fc.oneof(
  fc.integer({ min: 0, max: 4000 }),
  fc.integer({ min: 2 ** 32 - 3000, max: 2 ** 32 - 1 }),
  fc.nat(2 ** 32 - 1),
);

const packets = fc.array(
  fc.record({
    atNs: fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: -1e12, max: 1e15 })),
    fromClient: fc.boolean(),
    clientPort: fc.integer({ min: 1, max: 5 }),
    seq: near,
    ack: near,
    flags: fc.oneof(fc.constantFrom(2, 16, 17, 18, 20, 24), fc.nat(255)),
    window: fc.oneof(fc.constantFrom(0, 50, 65_535), fc.nat(65_535)),
    payloadLength: fc.oneof(fc.constantFrom(0, 1, 10, 1448, 1460), fc.nat(8 * 65_536)),
    mss: fc.constantFrom(-1, 0, 5, 536, 1460, 65_535),
    windowScale: fc.constantFrom(-1, 0, 7, 14),
    timestampValue: fc.constantFrom(-1, 0, 4_000_000_000),
    sackBlocks: fc.nat(3),
    duplicateSack: fc.boolean(),
  }),
  { maxLength: 120 },
);

function fill(packet: Packet, { fromClient, clientPort, ...fields }: Record<string, unknown>): Packet {
  const [client, server] = [
    { address: 0x0a000001, port: clientPort as number },
    { address: 0x0a000002, port: 3 },
  ];
  const [from, to] = fromClient === true ? [client, server] : [server, client];
  const ends = {
    src2: 0xffff,
    dst2: 0xffff,
    src3: from.address,
    dst3: to.address,
    srcPort: from.port,
    dstPort: to.port,
  };
  return Object.assign(packet, ends, fields);
}

test("any packets", () => {
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 4 }), (list, maxFlows) => {
      const seen = new Seen();
      const tracker = trackerOf(seen, { maxFlows, idleNs: 1e9 });
      const packet = new Packet();
      for (const [index, fields] of list.entries()) tracker.packet(fill(packet, { ...fields, number: index + 1 }));
      tracker.finish();

      for (const { latencyNs, breakdownNs, requestSegments, answerSegments, packets: ends } of seen.exchanges) {
        expect(latencyNs).toBeGreaterThanOrEqual(0);
        const parts = Object.values(breakdownNs);
        expect(parts.every((part) => part >= 0)).toBe(true);
        expect(Math.abs(sumOf(breakdownNs) - latencyNs)).toBeLessThanOrEqual(1e-6 * latencyNs);
        expect(Math.min(requestSegments, answerSegments)).toBeGreaterThan(0);
        expect(ends[0]).toBeGreaterThan(0);
        expect(ends[1]).toBeGreaterThan(0);
      }
      for (const { waitedNs } of seen.resends) expect(waitedNs).toBeGreaterThanOrEqual(0);
      for (const { ackDelayNs, heldNs } of seen.holds) expect(Math.min(ackDelayNs, heldNs)).toBeGreaterThan(0);
      for (const { ackDelayNs } of seen.lateAcks) expect(ackDelayNs).toBeGreaterThanOrEqual(20e6);
      for (const { closedNs } of seen.windowStalls) expect(Number.isFinite(closedNs)).toBe(true);
      for (const flow of seen.flows) expect(Math.min(...flow.mss)).toBeGreaterThanOrEqual(0);
      expect(seen.flows.reduce((sum, flow) => sum + flow.packets, 0)).toBe(list.length);
      expect(seen.ended).toHaveLength(seen.flows.length);
      expect(tracker.flowsSeen).toBe(seen.flows.length);
      expect(tracker.flowsEvicted).toBe(seen.ended.filter((why) => why === "evicted").length);
    }),
    { numRuns: 1000 },
  );
});
