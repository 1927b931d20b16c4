/** Connections of HTTP/2 by hand: whose bytes waited for what, and frames that are split over segments. */
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { Conversation } from "../conversation.js";
import { sumOf, trackerOf } from "../tracker/observe.js";
import { SeenInside } from "./read.js";

const MS = 1e6;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
const settings = frame(4, 0, 0);
/** GET or POST / in the words of the static table, and 200. */
const get = (stream: number): Buffer => frame(1, 5, stream, Buffer.from([0x82, 0x86, 0x84]));
const post = (stream: number): Buffer => frame(1, 4, stream, Buffer.from([0x83, 0x86, 0x84]));
const ok = (stream: number): Buffer => frame(1, 4, stream, Buffer.from([0x88]));
const data = (stream: number, bytes: number, last = true): Buffer =>
  frame(0, last ? 1 : 0, stream, Buffer.alloc(bytes));

function opened(): Conversation {
  const script = new Conversation({ server: { port: 8080 } });
  script.handshake();
  script.send("client", Buffer.concat([PREFACE, settings]));
  script.wait(MS).send("server", settings);
  script.wait(MS).ack("client");
  return script.wait(MS);
}

function seenOf(script: Conversation): SeenInside {
  const seen = new SeenInside();
  const tracker = trackerOf(seen);
  const packet = new Packet();
  for (const record of script.records()) if (decode(record, packet) === "tcp") tracker.packet(packet);
  tracker.finish();
  for (const { breakdownNs, latencyNs } of seen.exchanges) expect(sumOf(breakdownNs)).toBeCloseTo(latencyNs, 3);
  return seen;
}

describe("streams of a scripted connection", () => {
  it("a frame in three segments begins with the first and ends with the last", () => {
    const script = opened();
    const request = get(1);
    script.send("client", request.subarray(0, 4));
    script.wait(5 * MS).send("client", request.subarray(4, 11));
    script.wait(5 * MS).send("client", request.subarray(11));
    script.wait(7 * MS).send("server", Buffer.concat([ok(1), data(1, 100, false)]).subarray(0, 60));
    script.wait(2 * MS).send("server", Buffer.concat([ok(1), data(1, 100, false)]).subarray(60));
    script.wait(3 * MS).send("server", data(1, 10));
    const { exchanges } = seenOf(script);
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ latencyNs: 22 * MS, answerSegments: 3 });
    expect(exchanges[0]?.breakdownNs.transfer).toBeCloseTo(15 * MS, -4);
  });

  it("a lost segment delays every stream whose bytes came behind it, and no other", () => {
    const script = opened();
    script.send("client", Buffer.concat([get(1), get(3), get(5)]));
    script.wait(5 * MS).send("server", Buffer.concat([ok(1), data(1, 20)]));
    script.wait(MS).ack("client");
    script.wait(MS);
    const lost = script.send("server", Buffer.concat([ok(3), data(3, 20)]), { unseen: true });
    script.wait(MS).send("server", Buffer.concat([ok(5), data(5, 20)]));
    script.wait(MS).ack("client", { ack: lost.seq });
    script.wait(250 * MS).resend(lost);
    script.wait(MS).ack("client");
    const seen = seenOf(script);
    expect(seen.exchanges.map(({ resends }) => resends.length)).toEqual([0, 1, 1]);
    expect(seen.exchanges[0]?.latencyNs).toBe(5 * MS);
    for (const { breakdownNs, latencyNs } of seen.exchanges.slice(1)) {
      expect(latencyNs).toBeGreaterThan(250 * MS);
      expect(breakdownNs.loss).toBeGreaterThan(245 * MS);
    }
  });

  it("a hold delays the stream whose body was held back, not the one that is under way beside it", () => {
    const script = opened();
    script.send("client", get(1));
    script.wait(MS).ack("server");
    script.wait(100 * MS).send("client", post(3));
    script.wait(41 * MS).ack("server");
    script.wait(0.02 * MS).send("client", data(3, 5));
    script.wait(2 * MS).send("server", Buffer.concat([ok(3), data(3, 9), ok(1), data(1, 9)]));
    const seen = seenOf(script);
    const [second, first] = seen.exchanges;
    expect(seen.exchanges).toHaveLength(2);
    expect(second).toMatchObject({ holds: [{ releasedBytes: 14 }], requestSegments: 2 });
    expect(second?.breakdownNs.senderHold).toBeGreaterThan(40 * MS);
    expect(first).toMatchObject({ holds: [], requestSegments: 1 });
    expect(first?.breakdownNs.senderHold).toBe(0);
  });

  it("streams that are reset, or whose answer never comes, are no exchanges; a reset of the connection cuts them off", () => {
    const script = opened();
    script.send("client", Buffer.concat([get(1), get(3)]));
    script.wait(MS).send("server", frame(3, 0, 1, Buffer.from([0, 0, 0, 7])));
    script.wait(MS).reset("server");
    const seen = seenOf(script);
    expect(seen.exchanges).toEqual([]);
    expect(seen.resets).toMatchObject([{ duringExchange: true }]);
  });
});
