/** Whatever stands in the payloads: nothing is thrown, and no exchange is nonsense. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { createReader } from "../../../src/capture/readers/formats.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import { sumOf, trackerOf } from "../tracker/observe.js";
import { SeenInside } from "./read.js";

const FOLDER = new URL("../../../fixtures/captures/", import.meta.url);
const NAMES = [
  "h2/prior-knowledge",
  "h2/upgrade",
  "h2/small-window",
  "h2/too-many-pings",
  "tls/tls13-http1",
  "tls/tls12-h2",
];

const change = fc.record({
  packet: fc.integer({ min: 4, max: 60 }),
  at: fc.nat(400),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

test("captures with any bytes written over their payloads", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.array(change, { maxLength: 8 }), (name, changes) => {
      const seen = new SeenInside();
      const keyLog = new KeyLog();
      if (name.startsWith("tls/")) keyLog.add(readFileSync(new URL(`${name}.keys`, FOLDER), "latin1"));
      const tracker = trackerOf(seen, { keyLog });
      const packet = new Packet();
      const reader = createReader((record) => {
        if (decode(record, packet) !== "tcp") return;
        for (const { packet: number, at, bytes } of changes) {
          const room = packet.payloadCaptured - at;
          if (number === record.number && room > 0) packet.bytes.set(bytes.subarray(0, room), packet.payloadStart + at);
        }
        tracker.packet(packet);
      });
      reader.push(readFileSync(new URL(`${name}.pcap`, FOLDER)));
      tracker.finish();
      for (const { latencyNs, breakdownNs, requestSegments, answerSegments } of seen.exchanges) {
        expect(latencyNs).toBeGreaterThanOrEqual(0);
        expect(Object.values(breakdownNs).every((part) => part >= 0)).toBe(true);
        expect(Math.abs(sumOf(breakdownNs) - latencyNs)).toBeLessThanOrEqual(1e-6 * latencyNs + 1);
        expect(Math.min(requestSegments, answerSegments)).toBeGreaterThan(0);
      }
      expect(seen.ended).toHaveLength(seen.flows.length);
    }),
    { numRuns: 300 },
  );
});
