import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { ACK, ethernet, ipv4, record, SYN, type TcpFields, type TcpOptions, tcp } from "../build-packet.js";

const NO_OPTIONS = {
  mss: -1,
  windowScale: -1,
  sackPermitted: false,
  timestampValue: -1,
  timestampEcho: -1,
  sackBlocks: 0,
  duplicateSack: false,
};

function segment(fields: TcpFields, packet = new Packet()): Packet {
  expect(decode(record(ethernet(ipv4(tcp(fields)))), packet)).toBe("tcp");
  return packet;
}

function sack(blocks: TcpOptions["sack"] & {}, ack: number): Packet {
  return segment({ ack, options: { sack: blocks } });
}

describe("options", () => {
  it("of a SYN as Linux sends it", () => {
    const options = { mss: 1460, sackPermitted: true, timestamps: [0xfffffffe, 0], windowScale: 7 } as const;
    expect(segment({ flags: SYN, options })).toMatchObject({
      mss: 1460,
      sackPermitted: true,
      timestampValue: 0xfffffffe,
      timestampEcho: 0,
      windowScale: 7,
    });
  });

  it("aligned timestamps, and timestamps elsewhere", () => {
    const stamps = { timestampValue: 0x80000000, timestampEcho: 5 };
    expect(segment({ options: { timestamps: [0x80000000, 5] } })).toMatchObject(stamps);
    expect(segment({ options: Uint8Array.of(8, 10, 0x80, 0, 0, 0, 0, 0, 0, 5, 1, 1) })).toMatchObject(stamps);
    expect(segment({ options: { timestamps: [0x80000000, 5], sack: [[10, 20]] }, payload: 5 })).toMatchObject({
      ...stamps,
      sackBlocks: 1,
      payloadLength: 5,
    });
  });

  it("MSS, window scale and SACK permitted count in a SYN only", () => {
    const options = { mss: 1460, sackPermitted: true, windowScale: 7 };
    expect(segment({ flags: ACK, options })).toMatchObject(NO_OPTIONS);
    expect(segment({ flags: SYN | ACK, options })).toMatchObject(options);
  });

  it("a window scale above 14 is 14", () => {
    expect(segment({ flags: SYN, options: { windowScale: 200 } }).windowScale).toBe(14);
  });

  it("are forgotten with the next packet", () => {
    const packet = segment({
      flags: SYN,
      ack: 100,
      options: { mss: 1, sackPermitted: true, timestamps: [1, 2], windowScale: 3, sack: [[1, 2]] },
    });
    expect(packet.duplicateSack).toBe(true);
    expect(segment({}, packet)).toMatchObject(NO_OPTIONS);
  });

  it.each([
    ["length 0", [8, 0, 0, 0]],
    ["length 1", [2, 1, 5, 180]],
    ["longer than the header", [2, 40, 5, 180]],
    ["a kind without a length", [1, 1, 1, 2]],
    ["end of options", [0, 2, 4, 5]],
    ["wrong length for its kind", [2, 3, 5, 1]],
    ["half a SACK block", [5, 6, 0, 0, 0, 1, 1, 1]],
    ["unknown kinds", [254, 4, 1, 2, 30, 4, 1, 2]],
  ])("that make no sense are passed over: %s", (_name, options) => {
    expect(segment({ flags: SYN, options: Uint8Array.from(options), payload: 3 })).toMatchObject({
      ...NO_OPTIONS,
      payloadLength: 3,
    });
  });

  it("an option behind an unknown one is found", () => {
    expect(segment({ flags: SYN, options: Uint8Array.of(34, 4, 9, 9, 2, 4, 5, 180) }).mss).toBe(1460);
  });
});

describe("duplicate SACK (RFC 2883)", () => {
  it("a block above the ACK is no duplicate", () => {
    expect(sack([[2000, 3000]], 1000)).toMatchObject({ sackBlocks: 1, duplicateSack: false });
    expect(
      sack(
        [
          [2000, 3000],
          [5000, 6000],
        ],
        1000,
      ),
    ).toMatchObject({ sackBlocks: 2, duplicateSack: false });
  });

  it("a first block below the ACK is one", () => {
    expect(sack([[500, 800]], 1000).duplicateSack).toBe(true);
    expect(
      sack(
        [
          [500, 800],
          [2000, 3000],
        ],
        1000,
      ).duplicateSack,
    ).toBe(true);
  });

  it("a first block inside the second is one", () => {
    expect(
      sack(
        [
          [2200, 2400],
          [2000, 3000],
        ],
        1000,
      ).duplicateSack,
    ).toBe(true);
    expect(
      sack(
        [
          [2200, 3001],
          [2000, 3000],
        ],
        1000,
      ).duplicateSack,
    ).toBe(false);
  });

  it("across the wrap of sequence numbers", () => {
    expect(sack([[0xfffffff0, 0x10]], 0x20).duplicateSack).toBe(true);
    expect(sack([[0x10, 0x20]], 0xfffffff0).duplicateSack).toBe(false);
    expect(
      sack(
        [
          [0xfffffff8, 0x8],
          [0xfffffff0, 0x10],
        ],
        0xffffff00,
      ).duplicateSack,
    ).toBe(true);
  });
});

describe("header length", () => {
  it("below five words, or beyond the packet, is malformed", () => {
    const packet = new Packet();
    expect(decode(record(ethernet(ipv4(tcp({ dataOffset: 4 })))), packet)).toBe("malformed-tcp");
    expect(decode(record(ethernet(ipv4(tcp({ dataOffset: 6, payload: 3 })))), packet)).toBe("malformed-tcp");
    expect(decode(record(ethernet(ipv4(tcp({ dataOffset: 6, payload: 4 })))), packet)).toBe("tcp");
  });

  it("the padding of Ethernet is neither option nor payload", () => {
    const packet = new Packet();
    expect(decode(record(ethernet(ipv4(tcp({})), { padTo: 60 })), packet)).toBe("tcp");
    expect(packet).toMatchObject({ ...NO_OPTIONS, payloadLength: 0, payloadCaptured: 0 });
    expect(decode(record(ethernet(ipv4(tcp({ dataOffset: 6 })), { padTo: 60 })), packet)).toBe("malformed-tcp");
  });
});

describe("a short snap length", () => {
  const options = { mss: 1460, sackPermitted: true, timestamps: [7, 8], windowScale: 7 } as const;
  const frame = ethernet(ipv4(tcp({ seq: 99, flags: SYN, options, payload: 30 })));
  const FIXED = 14 + 20 + 20;
  const PAYLOAD = FIXED + 24;

  it("at every length: the fixed header decides, options are read as far as they are whole", () => {
    for (let captured = 0; captured <= frame.length; captured++) {
      const packet = new Packet();
      const outcome = decode(record(frame, { capturedLength: captured }), packet);
      expect(outcome, `${captured}`).toBe(captured < FIXED ? "truncated-by-snap-length" : "tcp");
      if (captured < FIXED) continue;
      expect(packet, `${captured}`).toMatchObject({
        seq: 99,
        payloadLength: 30,
        payloadCaptured: Math.max(0, captured - PAYLOAD),
        mss: captured >= FIXED + 4 ? 1460 : -1,
        // NOPs stand before: MSS in 4 bytes, SACK permitted in 4, timestamps in 12, window scale in 4.
        windowScale: captured >= PAYLOAD ? 7 : -1,
        timestampEcho: captured >= FIXED + 20 ? 8 : -1,
      });
      expect(packet.payloadStart + packet.payloadCaptured).toBeLessThanOrEqual(captured);
    }
  });

  it("aligned timestamps that were cut are not there", () => {
    const stamped = ethernet(ipv4(tcp({ options: { timestamps: [7, 8] }, payload: 10 })));
    for (let captured = FIXED; captured < FIXED + 12; captured++) {
      const packet = new Packet();
      expect(decode(record(stamped, { capturedLength: captured }), packet)).toBe("tcp");
      expect(packet).toMatchObject({ timestampValue: -1, payloadLength: 10, payloadCaptured: 0 });
    }
  });
});
