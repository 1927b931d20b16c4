import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { H2Fault } from "../../../src/protocols/h2/fault.js";
import { readGoaway, readHeaders, readPriority, readSettings } from "../../../src/protocols/h2/frame-payloads.js";
import { FrameReader, type FrameSink } from "../../../src/protocols/h2/frame-reader.js";
import * as write from "../../../src/protocols/h2/frame-writer.js";
import { errorName, FRAME, frameName, settingName } from "../../../src/protocols/h2/names.js";
import { applySettings, DEFAULT_SETTINGS, settingsEntries } from "../../../src/protocols/h2/settings.js";
import { ByteSink } from "../../../src/protocols/hpack/byte-sink.js";

/** Frames as text, DATA in whole: what any chunking must leave the same. */
class Recorder implements FrameSink {
  readonly seen: string[] = [];
  #data = "";
  onFrame(head: Parameters<FrameSink["onFrame"]>[0], bytes: Uint8Array, start: number, end: number): undefined {
    const payload = Buffer.from(bytes.subarray(start, end)).toString("hex");
    this.seen.push(`${frameName(head.type)} ${head.flags} ${head.streamId} @${head.offset} ${payload}`);
  }
  onDataBegin(): undefined {
    this.#data = "";
  }
  onDataPiece(_head: unknown, bytes: Uint8Array, start: number, end: number): undefined {
    if (start >= end) throw new Error("an empty piece");
    this.#data += Buffer.from(bytes.subarray(start, end)).toString("hex");
  }
  onDataEnd(head: Parameters<FrameSink["onFrame"]>[0]): undefined {
    this.seen.push(`DATA ${head.flags} ${head.streamId} @${head.offset} ${this.#data}`);
  }
  onStreamFault(fault: H2Fault): undefined {
    this.seen.push(`fault ${fault.code} ${fault.reason}`);
  }
}

/** Each chunk lies in a larger buffer, as in a receive buffer that is used again. */
function read(chunks: readonly Uint8Array[], maxFrameBytes?: number): { seen: string[]; fault: H2Fault | undefined } {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, maxFrameBytes);
  for (const chunk of chunks) {
    const buffer = new Uint8Array(chunk.length + 5).fill(0xee);
    buffer.set(chunk, 2);
    reader.push(buffer, 2, 2 + chunk.length);
    buffer.fill(0);
  }
  return { seen: recorder.seen, fault: reader.fault };
}

const written = (...frames: ((sink: ByteSink) => void)[]): Uint8Array => {
  const sink = new ByteSink(8);
  for (const frame of frames) frame(sink);
  return sink.copy();
};
const text = (value: string) => Buffer.from(value, "latin1");
const bytes = fc.uint8Array({ maxLength: 40 });
const id = fc.integer({ min: 1, max: 0x7fffffff });
const padding = fc.option(fc.nat(255), { nil: undefined });

const anyFrame: fc.Arbitrary<(sink: ByteSink) => void> = fc.oneof(
  fc.tuple(id, bytes, fc.boolean(), padding).map(
    ([stream, content, end, pad]) =>
      (sink: ByteSink) =>
        write.writeData(sink, stream, content, 0, content.length, end, pad),
  ),
  fc.tuple(id, bytes, fc.boolean(), padding).map(
    ([stream, block, endStream, pad]) =>
      (sink: ByteSink) =>
        write.writeHeaders(sink, stream, block, 16384, { endStream, ...(pad === undefined ? {} : { padding: pad }) }),
  ),
  fc
    .array(fc.tuple(fc.nat(0xffff), fc.nat(0x7fffffff)), { maxLength: 5 })
    .map((entries) => (sink: ByteSink) => write.writeSettings(sink, entries)),
  fc.constant(write.writeSettingsAck),
  id.map((stream) => (sink: ByteSink) => write.writeRstStream(sink, stream, "CANCEL")),
  fc.tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.boolean()).map(
    ([payload, ack]) =>
      (sink: ByteSink) =>
        write.writePing(sink, payload, ack),
  ),
  fc.tuple(id, bytes).map(
    ([stream, debug]) =>
      (sink: ByteSink) =>
        write.writeGoaway(sink, stream, "NO_ERROR", debug),
  ),
  fc.tuple(id, bytes).map(
    ([stream, payload]) =>
      (sink: ByteSink) =>
        write.writeFrame(sink, 0xbe, 0xff, stream, payload),
  ),
);

/** Cuts anywhere; equal fractions give empty chunks. */
function cutAt(stream: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const offsets = [0, ...fractions.map((cut) => Math.floor(cut * stream.length)).sort((a, b) => a - b), stream.length];
  return offsets.slice(1).map((end, at) => stream.subarray(offsets[at]!, end));
}
const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

describe("frames", () => {
  test("what is written is read, in any chunking", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 10 }), fractions, (frames, cuts) => {
        const stream = written(...frames);
        const whole = read([stream]);
        expect(whole.fault).toBeUndefined();
        expect(whole.seen).toHaveLength(frames.length);
        expect(read(cutAt(stream, cuts))).toEqual(whole);
        expect(read(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(whole);
      }),
    );
  });

  test("any bytes end in frames, in a wait for more, or in a named fault; any chunking in the same", () => {
    const piece = fc.oneof(
      bytes,
      anyFrame.map((frame) => written(frame)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fractions, (pieces, cuts) => {
        const stream = new Uint8Array(Buffer.concat(pieces));
        const whole = read([stream]);
        expect(read(cutAt(stream, cuts))).toEqual(whole);
        if (whole.fault !== undefined) expect(whole.fault.reason).toMatch(/^[ -~]{5,200}$/);
      }),
      { numRuns: 500 },
    );
  });

  test("each frame says what it was told", () => {
    const priority = { dependsOn: 3, exclusive: true, weight: 256 };
    const stream = written(
      (sink) => write.writeHeaders(sink, 5, text("block"), 100, { endStream: true, padding: 3, priority }),
      (sink) => write.writePriority(sink, 7, priority),
    );
    const sink = new Recorder();
    const parts: unknown[] = [];
    sink.onFrame = (head, data, start, end) => {
      if (head.type === FRAME.PRIORITY) parts.push(readPriority(data, start));
      else {
        const headers = readHeaders(head, data, start, end);
        if ("code" in headers) throw new Error(headers.reason);
        parts.push(Buffer.from(data.subarray(headers.start, headers.end)).toString(), headers.priority);
      }
      return undefined;
    };
    expect(new FrameReader(sink).push(stream)).toBeUndefined();
    expect(parts).toEqual(["block", priority, priority]);
  });

  test("a large block goes out as HEADERS and CONTINUATIONs, the last with END_HEADERS", () => {
    const stream = written((sink) => write.writeHeaders(sink, 1, text("abcdefgh"), 3, { endStream: true }));
    expect(read([stream]).seen).toEqual([
      "HEADERS 1 1 @0 616263",
      "CONTINUATION 0 1 @12 646566",
      "CONTINUATION 4 1 @24 6768",
    ]);
  });

  test("GOAWAY with its debug text, bounded", () => {
    const goaway = written((sink) => write.writeGoaway(sink, 9, "ENHANCE_YOUR_CALM", text("too_many_pings")));
    expect(readGoaway(goaway, 9, goaway.length)).toEqual({
      lastStreamId: 9,
      code: 11,
      codeName: "ENHANCE_YOUR_CALM",
      debug: "too_many_pings",
    });
    const long = written((sink) => write.writeGoaway(sink, 9, "NO_ERROR", new Uint8Array(5000)));
    expect(readGoaway(long, 9, long.length).debug).toHaveLength(1024);
  });

  test("names, known and unknown", () => {
    expect([frameName(4), frameName(0x10), frameName(0xbe)]).toEqual(["SETTINGS", "PRIORITY_UPDATE", "0xbe"]);
    expect([errorName(7), errorName(99)]).toEqual(["REFUSED_STREAM", "0x63"]);
    expect([settingName(8), settingName(9), settingName(7)]).toEqual([
      "ENABLE_CONNECT_PROTOCOL",
      "NO_RFC7540_PRIORITIES",
      "0x7",
    ]);
  });
});

describe("rules that a frame's header can break", () => {
  const frame = (type: number, flags: number, streamId: number, length: number) =>
    written((sink) => write.writeFrame(sink, type, flags, streamId, new Uint8Array(length)));

  test.each([
    [
      "oversized",
      frame(FRAME.HEADERS, 4, 1, 16385),
      "FRAME_SIZE_ERROR",
      "HEADERS frame of 16385 bytes; 16384 are allowed",
    ],
    ["DATA on stream 0", frame(FRAME.DATA, 0, 0, 1), "PROTOCOL_ERROR", "DATA frame on stream 0"],
    ["SETTINGS on a stream", frame(FRAME.SETTINGS, 0, 1, 0), "PROTOCOL_ERROR", "SETTINGS frame on stream 1"],
    ["half a setting", frame(FRAME.SETTINGS, 0, 0, 5), "FRAME_SIZE_ERROR", "each setting has 6"],
    ["SETTINGS ACK with content", frame(FRAME.SETTINGS, 1, 0, 6), "FRAME_SIZE_ERROR", "it has none"],
    ["a short PING", frame(FRAME.PING, 0, 0, 7), "FRAME_SIZE_ERROR", "PING frame of 7 bytes; it has 8"],
    ["a short GOAWAY", frame(FRAME.GOAWAY, 0, 0, 7), "FRAME_SIZE_ERROR", "at least 8"],
    ["a short WINDOW_UPDATE", frame(FRAME.WINDOW_UPDATE, 0, 0, 3), "FRAME_SIZE_ERROR", "it has 4"],
    ["padding without its length", frame(FRAME.DATA, 8, 1, 0), "FRAME_SIZE_ERROR", "at least 1"],
    ["HTTP/1", text("HTTP/1.1 400 Bad Request\r\n\r\n"), "PROTOCOL_ERROR", "an HTTP/1 message"],
  ])("%s", (_what, stream, code, reason) => {
    const { fault } = read([stream]);
    expect(fault).toMatchObject({ code, scope: "connection", reason: expect.stringContaining(reason) });
  });

  test("an oversized frame is refused by its header: no byte of the payload is waited for or kept", () => {
    expect(read([frame(FRAME.HEADERS, 4, 1, 16385).subarray(0, 9)]).fault?.code).toBe("FRAME_SIZE_ERROR");
    expect(read([frame(FRAME.DATA, 0, 1, 20000)], 20000).fault).toBeUndefined();
  });

  test("padding longer than the frame", () => {
    const data = written((sink) => write.writeFrame(sink, FRAME.DATA, 8, 1, Uint8Array.of(3, 0, 0)));
    expect(read([data]).fault).toMatchObject({
      code: "PROTOCOL_ERROR",
      reason: "DATA frame of 3 bytes with 3 of padding",
    });
  });

  test("a PRIORITY of a wrong size is an error of its stream, and the next frame is read", () => {
    const stream = new Uint8Array(Buffer.concat([frame(FRAME.PRIORITY, 0, 3, 4), frame(FRAME.PING, 0, 0, 8)]));
    expect(read([stream])).toMatchObject({
      fault: undefined,
      seen: ["fault FRAME_SIZE_ERROR PRIORITY frame of 4 bytes; it has 5", "PING 0 0 @13 0000000000000000"],
    });
  });
});

describe("settings", () => {
  test("all fields come back, unknown ones are passed over, the last of two counts", () => {
    const chosen = {
      headerTableBytes: 0,
      enablePush: false,
      maxConcurrentStreams: 10,
      initialWindowBytes: 1,
      maxFrameBytes: 20000,
      maxHeaderListBytes: 7,
      enableConnectProtocol: true,
      noRfc7540Priorities: true,
    };
    const frame = written((sink) => write.writeSettings(sink, [[3, 99], ...settingsEntries(chosen), [0x1f, 5]]));
    const entries = readSettings(frame, 9, frame.length);
    expect(entries.at(-1)).toEqual({ id: 0x1f, name: "0x1f", value: 5 });
    expect(applySettings(DEFAULT_SETTINGS, entries)).toEqual(chosen);
    expect(settingsEntries(DEFAULT_SETTINGS).map(([number]) => number)).toEqual([1, 2, 4, 5, 8, 9]);
  });

  test.each([
    [4, 2 ** 31, "FLOW_CONTROL_ERROR", "setting INITIAL_WINDOW_SIZE 2147483648"],
    [5, 16383, "PROTOCOL_ERROR", "setting MAX_FRAME_SIZE 16383; allowed is 16384 to 16777215"],
    [2, 2, "PROTOCOL_ERROR", "setting ENABLE_PUSH 2; allowed is 0 or 1"],
  ])("setting %i cannot be %i", (number, value, code, reason) => {
    expect(applySettings(DEFAULT_SETTINGS, [{ id: number, name: settingName(number), value }])).toMatchObject({
      code,
      reason: expect.stringContaining(reason),
    });
  });
});
