import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { H3Fault } from "../../../src/protocols/h3/fault.js";
import * as write from "../../../src/protocols/h3/frame-writer.js";
import { MessageReader, type MessageReaderOptions } from "../../../src/protocols/h3/message-reader.js";
import { FRAME, h3ErrorName, h3FrameName, h3SettingName } from "../../../src/protocols/h3/names.js";
import { type H3Observed, H3Observer } from "../../../src/protocols/h3/observer.js";
import { UnidirectionalStreams } from "../../../src/protocols/h3/unidirectional.js";
import type { HeaderField } from "../../../src/protocols/hpack/field.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import type { QuicEvent } from "../../../src/protocols/quic/events.js";

const list = (fields: Readonly<Record<string, string>>): HeaderField[] =>
  Object.entries(fields).map(([name, value]) => ({ name, value }));
const GET = list({ ":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/" });
const OK = list({ ":status": "200", "content-length": "5" });
const headers = (fields: readonly HeaderField[]) => write.writeHeaders(encodeFields(fields));
const data = (text: string) => write.writeData(Buffer.from(text));
const grease = write.writeFrame(0x1f * 7 + 0x21, Buffer.from("grease"));
const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** What a reader tells of these bytes, cut so; ended. */
function read(
  kind: "request" | "response",
  bytes: Uint8Array,
  chunk = bytes.length || 1,
  options: MessageReaderOptions = {},
): { seen: string[]; fault: H3Fault | undefined } {
  const seen: string[] = [];
  let content = "";
  const sink = {
    onHeaders: (what: string, fields: readonly HeaderField[]) =>
      seen.push(`${what} ${fields.map(({ name, value }) => `${name}=${value}`).join(" ")}`),
    onContent: (piece: Uint8Array) => {
      content += Buffer.from(piece).toString("latin1");
    },
  };
  const reader = new MessageReader(kind, sink, options);
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
  const fault = reader.end();
  return { seen: [...seen, content], fault };
}

describe("messages", () => {
  const response = join(
    headers(list({ ":status": "103" })),
    grease,
    headers(OK),
    data("he"),
    grease,
    data(""),
    data("llo"),
    headers(list({ "x-sum": "1" })),
    grease,
  );

  test.each([1, 2, 3, 1000])("interim response, content, trailers, unknown frames; in chunks of %i", (chunk) => {
    expect(read("response", response, chunk)).toEqual({
      seen: ["informational :status=103", "response :status=200 content-length=5", "trailers x-sum=1", "hello"],
      fault: undefined,
    });
  });

  test.each<[string, "request" | "response", Uint8Array, string, string]>([
    ["DATA first", "request", data("x"), "H3_FRAME_UNEXPECTED", "DATA ahead of the request"],
    [
      "DATA behind trailers",
      "request",
      join(headers(GET), headers([]), data("x")),
      "H3_FRAME_UNEXPECTED",
      "behind the trailers",
    ],
    [
      "a third HEADERS",
      "request",
      join(headers(GET), headers([]), headers([])),
      "H3_FRAME_UNEXPECTED",
      "HEADERS behind the trailers",
    ],
    [
      "SETTINGS on a request stream",
      "request",
      write.writeSettings({}),
      "H3_FRAME_UNEXPECTED",
      "SETTINGS on a request stream",
    ],
    ["a frame of HTTP/2", "request", write.writeFrame(0x9, new Uint8Array(1)), "H3_FRAME_UNEXPECTED", "HTTP/2's"],
    [
      "PUSH_PROMISE",
      "response",
      write.writeFrame(FRAME.PUSH_PROMISE, new Uint8Array(1)),
      "H3_ID_ERROR",
      "no push was allowed",
    ],
    ["an end inside a frame", "request", headers(GET).subarray(0, 5), "H3_FRAME_ERROR", "ends inside a frame"],
    ["no request", "request", new Uint8Array(0), "H3_REQUEST_INCOMPLETE", "without a request"],
    ["no final response", "response", headers(list({ ":status": "100" })), "H3_MESSAGE_ERROR", "without a response"],
    [
      "too little content",
      "response",
      join(headers(OK), data("1234")),
      "H3_MESSAGE_ERROR",
      "content-length 5, and 4 bytes",
    ],
    ["too much content", "response", join(headers(OK), data("123456")), "H3_MESSAGE_ERROR", "more content than"],
    ["no :path", "request", headers(GET.slice(0, 3)), "H3_MESSAGE_ERROR", "request without :path"],
    [
      "no authority",
      "request",
      headers(GET.filter(({ name }) => name !== ":authority")),
      "H3_MESSAGE_ERROR",
      "without :authority",
    ],
    ["upper case", "request", headers([...GET, { name: "X", value: "" }]), "H3_MESSAGE_ERROR", 'field name "X"'],
    [
      "a dynamic table",
      "request",
      write.writeHeaders(Uint8Array.of(3, 0x81, 0x10)),
      "QPACK_DECOMPRESSION_FAILED",
      "dynamic table",
    ],
  ])("refuses %s", (_, kind, bytes, code, reason) => {
    for (const chunk of [1, 1000]) {
      expect(read(kind, bytes, chunk).fault).toMatchObject({ code, reason: expect.stringContaining(reason) });
    }
  });

  test("a 304, and an answer to HEAD, may name a length without content", () => {
    const [, length] = OK;
    expect(read("response", headers([...list({ ":status": "304" }), length!])).fault).toBeUndefined();
    const reader = new MessageReader("response", { onHeaders: () => {}, onContent: () => {} });
    reader.answersHead = true;
    reader.push(headers(OK));
    expect(reader.end()).toBeUndefined();
  });

  test("bounds: a frame, a list, interim responses", () => {
    const long = headers([...GET, { name: "x", value: "é".repeat(500) }]);
    const frame = read("request", long.subarray(0, 4), 1, { maxFrameBytes: 300 });
    expect(frame.fault).toMatchObject({
      code: "H3_EXCESSIVE_LOAD",
      reason: expect.stringContaining("300 are allowed"),
    });
    const section = read("request", long, 1, { maxListBytes: 300 });
    expect(section.fault).toMatchObject({ code: "H3_EXCESSIVE_LOAD", scope: "stream" });
    const interim = join(...Array<Uint8Array>(65).fill(headers(list({ ":status": "103" }))));
    expect(read("response", interim).fault).toMatchObject({ reason: "more than 64 interim responses" });
  });

  test("any bytes: any chunking tells the same, and a fault has a name", () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(headers(GET), headers(OK), data("abc"), grease, headers([])),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (parts, chunk) => {
        const bytes = join(...parts);
        for (const kind of ["request", "response"] as const) {
          const whole = read(kind, bytes);
          expect(read(kind, bytes, chunk)).toEqual(whole);
          if (whole.fault !== undefined) expect(whole.fault.code).toMatch(/^(H3|QPACK)_/);
        }
      }),
    );
  });
});

describe("unidirectional streams", () => {
  const settings = write.controlStreamStart({
    qpackMaxTableCapacityBytes: 0,
    maxFieldSectionBytes: 16384,
    h3Datagram: true,
  });

  function open(from: "client" | "server", ...streams: readonly Uint8Array[]) {
    const seen: unknown[] = [];
    const all = new UnidirectionalStreams(from, {
      onSettings: ({ maxFieldSectionBytes, h3Datagram }) => seen.push({ maxFieldSectionBytes, h3Datagram }),
      onGoaway: (id) => seen.push({ goaway: id }),
      onInstruction: (stream, { name }) => seen.push(`${stream} ${name}`),
    });
    const fault = streams.map((bytes, at) => {
      let last: H3Fault | undefined;
      for (const byte of bytes) last = all.push(4 * at + 2, Uint8Array.of(byte));
      return last;
    });
    return { seen, fault: fault.find((one) => one !== undefined), all };
  }

  test("SETTINGS, GOAWAY, QPACK, reserved types", () => {
    const reserved = join(Uint8Array.of(0x40, 0x21), Buffer.from("anything"));
    const encoder = Uint8Array.of(2, 0x20);
    const { seen, fault } = open(
      "server",
      join(settings, grease, write.writeGoaway(8), write.writeGoaway(4)),
      reserved,
      encoder,
    );
    expect(fault).toBeUndefined();
    const told = [{ maxFieldSectionBytes: 16384, h3Datagram: true }, { goaway: 8 }, { goaway: 4 }];
    expect(seen).toEqual([...told, "encoder set-dynamic-table-capacity"]);
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ["GOAWAY ahead of SETTINGS", [join(Uint8Array.of(0), write.writeGoaway(0))], "H3_MISSING_SETTINGS"],
    ["a second SETTINGS", [join(settings, write.writeSettings({}))], "H3_FRAME_UNEXPECTED"],
    ["DATA", [join(settings, data("x"))], "H3_FRAME_UNEXPECTED"],
    ["a second control stream", [settings, settings], "H3_STREAM_CREATION_ERROR"],
    ["a push stream", [Uint8Array.of(1, 0)], "H3_ID_ERROR"],
    ["GOAWAY that grows", [join(settings, write.writeGoaway(4), write.writeGoaway(8))], "H3_ID_ERROR"],
    ["GOAWAY of no request", [join(settings, write.writeGoaway(5))], "H3_ID_ERROR"],
    [
      "a setting twice",
      [join(Uint8Array.of(0), write.writeFrame(FRAME.SETTINGS, Uint8Array.of(6, 1, 6, 1)))],
      "H3_SETTINGS_ERROR",
    ],
    [
      "a setting of HTTP/2",
      [join(Uint8Array.of(0), write.writeFrame(FRAME.SETTINGS, Uint8Array.of(4, 1)))],
      "H3_SETTINGS_ERROR",
    ],
    ["a cut setting", [join(Uint8Array.of(0), write.writeFrame(FRAME.SETTINGS, Uint8Array.of(6)))], "H3_FRAME_ERROR"],
    ["QPACK nonsense", [join(Uint8Array.of(3), new Uint8Array(12).fill(0xff))], "QPACK_DECODER_STREAM_ERROR"],
  ])("refuses %s", (_, streams, code) => {
    expect(open("server", ...streams).fault).toMatchObject({ code, scope: "connection" });
  });

  test("a critical stream must stay open", () => {
    const { all } = open("client", settings);
    expect(all.end(2)).toMatchObject({ code: "H3_CLOSED_CRITICAL_STREAM" });
    expect(all.end(6)).toBeUndefined();
  });

  test("any bytes never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (streams) => {
        const { fault } = open("server", ...streams);
        if (fault !== undefined) expect(fault.scope).toBe("connection");
      }),
    );
  });
});

describe("observer", () => {
  type Step = readonly [
    from: "client" | "server",
    what: Uint8Array | "end" | "gap" | { reset: number } | { stop: number },
  ];

  /** Events of one stream, one each millisecond. */
  function observe(steps: readonly Step[], streamId = 0): H3Observed[] {
    const seen: H3Observed[] = [];
    const observer = new H3Observer((observed) => seen.push(observed));
    for (const [at, [from, what]] of steps.entries()) observer.take(eventOf(from, what, streamId, at));
    observer.finish();
    return seen;
  }
  function eventOf(from: "client" | "server", what: Step[1], streamId: number, atNs: number): QuicEvent {
    const base = { atNs, from, streamId };
    if (what === "end") return { ...base, type: "stream-end", bytes: 0 };
    if (what === "gap") return { ...base, type: "stream-gap" };
    if (what instanceof Uint8Array) return { ...base, type: "stream-data", bytes: what, early: atNs === 0 };
    if ("reset" in what) return { ...base, type: "stream-reset", errorCode: what.reset };
    return { ...base, type: "stop-sending", errorCode: what.stop };
  }
  const exchange = (steps: readonly Step[]) => {
    const all = observe(steps).filter(({ type }) => type === "exchange");
    expect(all).toHaveLength(1);
    return (all[0] as Extract<H3Observed, { type: "exchange" }>).exchange;
  };

  test("an exchange and its times", () => {
    const request: Step[] = [
      ["client", headers(GET)],
      ["client", "end"],
    ];
    const answer: Step[] = [
      ["server", headers(list({ ":status": "103" }))],
      ["server", headers(OK)],
      ["server", data("hello")],
      ["server", "end"],
    ];
    expect(exchange([...request, ...answer])).toMatchObject({
      ...{
        streamId: 0,
        method: "GET",
        authority: "localhost",
        path: "/",
        status: 200,
        early: true,
        outcome: "complete",
      },
      ...{ requestNs: 0, requestEndNs: 1, firstByteNs: 2, headersNs: 3, responseEndNs: 5, contentBytes: 5 },
    });
  });

  test.each<[string, readonly Step[], object]>([
    [
      "a rejected request",
      [
        ["server", { reset: 0x10b }],
        ["client", data("more")],
        ["client", "end"],
      ],
      { outcome: "reset", reset: { by: "server", error: "H3_REQUEST_REJECTED" } },
    ],
    [
      "a cancelled one",
      [
        ["client", { stop: 0x10c }],
        ["server", "end"],
      ],
      { outcome: "reset", reset: { by: "client", error: "H3_REQUEST_CANCELLED" } },
    ],
    [
      "missing bytes",
      [
        ["client", "end"],
        ["server", headers(OK)],
        ["server", "gap"],
        ["server", "end"],
      ],
      { outcome: "gap", status: 200, fault: undefined },
    ],
    ["no answer", [["client", "end"]], { outcome: "open", status: undefined }],
    [
      "a malformed answer",
      [
        ["client", "end"],
        ["server", data("x")],
        ["server", "end"],
      ],
      { outcome: "malformed", fault: { code: "H3_FRAME_UNEXPECTED" } },
    ],
  ])("%s is told once", (_, steps, expected) => {
    expect(exchange([["client", headers(GET)], ...steps])).toMatchObject(expected);
  });

  test("fields of a dynamic table are unknown, the rest is read", () => {
    // Dynamic index 0, then :method GET and :path / of the static table; the answer has :status 200 behind a post-base index.
    const request = write.writeHeaders(Uint8Array.of(2, 0, 0x80, 0xd1, 0xc1));
    const answer = write.writeHeaders(Uint8Array.of(2, 0, 0x10, 0x05, 0x01, 0x61, 0xd9));
    const steps: Step[] = [
      ["client", request],
      ["client", "end"],
      ["server", answer],
      ["server", data("abc")],
      ["server", "end"],
    ];
    const told = { outcome: "complete", method: "GET", path: "/", authority: undefined, status: 200, contentBytes: 3 };
    expect(exchange(steps)).toMatchObject(told);
  });

  test("control streams", () => {
    const control = join(write.controlStreamStart({ maxFieldSectionBytes: 100 }), write.writeGoaway(0));
    expect(
      observe(
        [
          ["server", control],
          ["server", "end"],
        ],
        3,
      ),
    ).toMatchObject([
      { type: "settings", from: "server", settings: { maxFieldSectionBytes: 100 } },
      { type: "goaway", id: 0 },
      { type: "fault", fault: { code: "H3_CLOSED_CRITICAL_STREAM" } },
    ]);
  });
});

test("names", () => {
  expect([h3FrameName(0x7), h3FrameName(0x21), h3FrameName(0xf0)]).toEqual(["GOAWAY", "reserved", "0xf0"]);
  expect([h3ErrorName(0x10d), h3ErrorName(0x200), h3SettingName(0x33)]).toEqual([
    "H3_REQUEST_INCOMPLETE",
    "QPACK_DECOMPRESSION_FAILED",
    "H3_DATAGRAM",
  ]);
});
