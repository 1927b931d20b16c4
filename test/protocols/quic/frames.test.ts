import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, writeVarint } from "../../../src/protocols/quic/byte-reader.js";
import { readFrames } from "../../../src/protocols/quic/frames.js";
import { decodePacketNumber } from "../../../src/protocols/quic/protection.js";
import { Reassembly } from "../../../src/protocols/quic/reassembly.js";
import { isParameterFault, parseTransportParameters } from "../../../src/protocols/quic/transport-parameters.js";
import { frames, hex, parameter, varint } from "./endpoints.js";

test("integers: the examples of RFC 9000 appendix A.1, and back", () => {
  const read = (text: string) => new ByteReader(hex(text)).varint();
  expect(["7bbd", "25", "4025", "9d7f3e7d"].map(read)).toEqual([15293, 37, 37, 494878333]);
  expect(new ByteReader(hex("c2197c5eff14e88c")).bigVarint()).toBe(151288809941952652n);
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = new Uint8Array(8);
      const length = writeVarint(bytes, 0, value);
      const reader = new ByteReader(bytes, 0, length);
      expect([reader.varint(), reader.left, reader.broken]).toEqual([value, 0, false]);
      expect(new ByteReader(bytes, 0, length).bigVarint()).toBe(BigInt(value));
    }),
  );
});

test("packet numbers: the example of RFC 9000 appendix A.3, and any within reach", () => {
  expect(decodePacketNumber(0xa82f30ea, 0x9b32, 2)).toBe(0xa82f9b32);
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: -100, max: 100 }), (largest, ahead) => {
      const number = Math.max(0, largest + ahead);
      expect(decodePacketNumber(largest, number % 65536, 2)).toBe(number);
    }),
  );
});

describe("frames", () => {
  const id = [1, 2, 3, 4];
  test.each([
    ["ping", frames.ping, { type: "ping" }],
    ["padding", [0, 0, 0], { type: "padding", bytes: 3 }],
    ["reset_stream", [4, 4, 0x41, 0x0c, 9], { streamId: 4, errorCode: 0x10c, finalSize: 9 }],
    ["stop_sending", [5, 4, 7], { streamId: 4, errorCode: 7 }],
    ["crypto", frames.crypto([1], 5), { offset: 5, data: Uint8Array.of(1) }],
    ["new_token", [7, 1, 9], { token: Uint8Array.of(9) }],
    ["stream", [0x08, 4, 1, 2], { streamId: 4, offset: 0, data: Uint8Array.of(1, 2), fin: false }],
    ["stream", frames.stream(4, 7, [1], true), { streamId: 4, offset: 7, data: Uint8Array.of(1), fin: true }],
    ["max_data", [0x10, 3], { maximum: 3 }],
    ["max_stream_data", [0x11, 4, 3], { streamId: 4, maximum: 3 }],
    ["max_streams", [0x12, 3], { bidirectional: true, maximum: 3 }],
    ["max_streams", [0x13, 3], { bidirectional: false, maximum: 3 }],
    ["data_blocked", [0x14, 3], { maximum: 3 }],
    ["stream_data_blocked", [0x15, 4, 3], { streamId: 4, maximum: 3 }],
    ["streams_blocked", [0x16, 3], { bidirectional: true, maximum: 3 }],
    ["streams_blocked", [0x17, 3], { bidirectional: false, maximum: 3 }],
    [
      "new_connection_id",
      [0x18, 2, 1, 4, ...id, ...Buffer.alloc(16)],
      { sequence: 2, retirePriorTo: 1, connectionId: Uint8Array.from(id) },
    ],
    ["retire_connection_id", [0x19, 1], { sequence: 1 }],
    ["path_challenge", [0x1a, ...Buffer.alloc(8)], {}],
    ["path_response", [0x1b, ...Buffer.alloc(8)], {}],
    [
      "connection_close",
      [0x1c, 0x0a, 6, 1, 65],
      { application: false, errorCode: 10, frameType: 6, reason: Uint8Array.of(65) },
    ],
    ["connection_close", [0x1d, 0x41, 0, 0], { application: true, errorCode: 256 }],
    ["handshake_done", frames.handshakeDone, {}],
    ["datagram", [0x30, 1, 2], { data: Uint8Array.of(1, 2) }],
    ["datagram", [0x31, 1, 2], { data: Uint8Array.of(2) }],
    [
      "ack",
      [0x03, 3, 9, 0, 1, 4, 5, 6],
      { largest: 3, delay: 9, ranges: [{ first: 2, last: 3 }], ecn: { ect0: 4, ect1: 5, ce: 6 } },
    ],
  ])("%s", (type, bytes, fields) => {
    const read = readFrames(Uint8Array.from(bytes));
    expect(read.fault).toBeUndefined();
    expect(read.frames).toMatchObject([{ type, ...fields }]);
  });

  test.each([
    ["none", [], "PROTOCOL_VIOLATION", "a packet without frames"],
    ["an unknown type", [1, 0x40, 0x99], "FRAME_ENCODING_ERROR", "the frame of type 0x99 at byte 1 is unknown"],
    ["a cut frame", [0x06, 0, 5, 1], "FRAME_ENCODING_ERROR", "ends too early"],
    ["an ACK below 0", [0x02, 1, 0, 0, 2], "FRAME_ENCODING_ERROR", "breaks a rule"],
    ["a connection ID of 21 bytes", [0x18, 0, 0, 21, ...Buffer.alloc(37)], "FRAME_ENCODING_ERROR", "breaks a rule"],
  ])("refuses %s", (_, bytes, code, reason) => {
    expect(readFrames(Uint8Array.from(bytes)).fault).toMatchObject({ code, reason: expect.stringContaining(reason) });
  });

  test("ACK ranges are those that were acknowledged", () => {
    const numbers = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(numbers, (acknowledged) => {
        const sorted = [...acknowledged].sort((a, b) => b - a);
        const ranges: [number, number][] = [];
        for (const number of sorted) {
          const last = ranges.at(-1);
          if (last !== undefined && last[0] === number + 1) last[0] = number;
          else ranges.push([number, number]);
        }
        const [frame] = readFrames(Uint8Array.from(frames.ack(ranges, 3))).frames;
        expect(frame).toMatchObject({ ranges: ranges.map(([first, last]) => ({ first, last })), largest: sorted[0] });
      }),
    );
  });

  test("any bytes: frames, then perhaps a fault, never a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const read = readFrames(bytes);
        expect(read.frames.length + Number(read.fault !== undefined)).toBeGreaterThan(0);
      }),
    );
  });
});

describe("reassembly", () => {
  test("any cuts in any order, with repetitions, give the stream once", () => {
    const piece = fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const whole = Uint8Array.from({ length: 130 }, (_, at) => at);
        const seen = new Set<number>();
        const got: number[] = [];
        let repeated = 0;
        const stream = new Reassembly(1 << 20);
        for (const [offset, length] of pieces) {
          repeated += stream.push(offset, whole.subarray(offset, offset + length), (bytes) => got.push(...bytes));
          for (let at = offset; at < offset + length; at++) seen.add(at);
        }
        let contiguous = 0;
        while (seen.has(contiguous)) contiguous++;
        expect(got).toEqual([...whole.subarray(0, contiguous)]);
        const sent = pieces.reduce((total, [, length]) => total + length, 0);
        expect(repeated).toBe(sent - seen.size);
        expect(stream.hasGap).toBe(seen.size > contiguous);
      }),
    );
  });

  test("holds no more than it may, also of single bytes", () => {
    const stream = new Reassembly(10_000);
    for (let at = 1; at < 1000 && !stream.overflowed; at++) stream.push(2 * at, Uint8Array.of(1), () => {});
    expect(stream.overflowed).toBe(true);
    expect(stream.heldBytes).toBe(0);
    const got: Uint8Array[] = [];
    stream.push(0, new Uint8Array(5000), (bytes) => got.push(bytes));
    expect(got).toEqual([]);
  });
});

describe("transport parameters", () => {
  const parse = (...parameters: number[][]) => parseTransportParameters(Uint8Array.from(parameters.flat()));

  test("all of RFC 9000, and those of extensions", () => {
    const token = Buffer.alloc(16, 3);
    const preferred = [1, 2, 3, 4, 0x11, 0x51, ...Buffer.alloc(15), 1, 0, 0, 2, 7, 7, ...token];
    const parsed = parse(
      parameter(0x00, [1, 2]),
      parameter(0x01, varint(30_000)),
      parameter(0x02, [...token]),
      parameter(0x03, varint(1452)),
      ...[4, 5, 6, 7, 8, 9].map((id) => parameter(id, varint(1000 * id))),
      parameter(0x0a, [20]),
      parameter(0x0b, varint(26)),
      parameter(0x0c, []),
      parameter(0x0d, preferred),
      parameter(0x0e, [8]),
      parameter(0x0f, []),
      parameter(0x10, [5]),
      parameter(0x11, [0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1]),
      parameter(0x20, varint(65_535)),
      parameter(0x2ab2, []),
      parameter(0x1b * 31 + 27, [1, 2, 3]),
    );
    expect(parsed).toMatchObject({
      maxIdleTimeoutMs: 30_000,
      maxUdpPayloadBytes: 1452,
      initialMaxDataBytes: 4000,
      initialMaxStreamDataBidiLocalBytes: 5000,
      initialMaxStreamDataBidiRemoteBytes: 6000,
      initialMaxStreamDataUniBytes: 7000,
      initialMaxStreamsBidi: 8000,
      initialMaxStreamsUni: 9000,
      ackDelayExponent: 20,
      maxAckDelayMs: 26,
      disableActiveMigration: true,
      preferredAddress: { ipv4: "1.2.3.4:4433", ipv6: undefined, connectionId: Uint8Array.of(7, 7) },
      activeConnectionIdLimit: 8,
      initialSourceConnectionId: new Uint8Array(0),
      retrySourceConnectionId: Uint8Array.of(5),
      versionInformation: { chosen: 1, available: [0x6b3343cf, 1] },
      maxDatagramFrameBytes: 65_535,
      greaseQuicBit: true,
      unknown: [{ id: 864n, value: Uint8Array.of(1, 2, 3) }],
    });
  });

  test.each([
    ["twice", [...parameter(1, [1]), ...parameter(1, [1])], "comes twice"],
    ["ack_delay_exponent", parameter(0x0a, [21]), "ack_delay_exponent 21; 0 to 20 is allowed"],
    ["max_ack_delay", parameter(0x0b, varint(16384)), "max_ack_delay 16384; 0 to 16383 is allowed"],
    ["max_udp_payload_size", parameter(3, varint(1199)), "at least 1200 is allowed"],
    ["a cut one", [1, 4, 1], "is cut off"],
    ["more than an integer", parameter(1, [1, 1]), "is not one integer"],
  ])("refuses %s", (_, bytes, reason) => {
    const what = { code: "TRANSPORT_PARAMETER_ERROR", reason: expect.stringContaining(reason) };
    expect(parseTransportParameters(Uint8Array.from(bytes))).toMatchObject(what);
  });

  test("any bytes: parameters or a named fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const parsed = parseTransportParameters(bytes);
        if (isParameterFault(parsed)) expect(parsed.code).toBe("TRANSPORT_PARAMETER_ERROR");
        else expect(parsed.ackDelayExponent).toBeLessThanOrEqual(20);
      }),
    );
  });
});
