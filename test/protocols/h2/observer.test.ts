import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Observed } from "../../../src/protocols/h2/observed.js";
import { H2Observer } from "../../../src/protocols/h2/observer.js";
import { GET, list, MS, Network, OK, POST } from "./network.js";

const body = (bytes: number) => new Uint8Array(bytes).fill(0x61);
const REPLY = [...OK, ...list({ server: "lab", "x-request": "same for all" })];

/** A conversation of `count` requests, one after another, and what each side wrote. */
function conversation(count: number, bytes = 100): { client: Uint8Array; server: Uint8Array } {
  const net = new Network().serve(body(bytes), REPLY).run();
  for (let i = 0; i < count; i++) {
    net.client.request({ headers: [...(i % 2 === 0 ? GET : POST), ...list({ "x-count": String(i % 3) })] }, net.nowNs);
    net.run();
  }
  return { client: join(net.clientSide.wire), server: join(net.serverSide.wire) };
}
const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function observe(chunks: readonly Uint8Array[], fromStart: boolean): { seen: Observed[]; observer: H2Observer } {
  const seen: Observed[] = [];
  const observer = new H2Observer({ emit: (event) => seen.push(event), fromStart });
  chunks.forEach((chunk, at) => {
    const buffer = new Uint8Array(chunk.length + 3);
    buffer.set(chunk, 1);
    observer.push(buffer, 1, 1 + chunk.length, at);
    buffer.fill(0);
  });
  return { seen, observer };
}
const cut = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
const of = <T extends Observed["type"]>(seen: readonly Observed[], type: T) =>
  seen.filter((event): event is Extract<Observed, { type: T }> => event.type === type);

describe("from the beginning", () => {
  test("each direction tells its story, with the place of each frame", () => {
    const { client, server } = conversation(2, 40_000);
    const { seen } = observe([client], false);
    expect(seen.map(({ type }) => type)).toEqual([
      "preface",
      "settings",
      "settings-ack",
      ...["headers", "end"],
      ...["window-update", "window-update"].slice(0, of(seen, "window-update").length / 2),
      ...["headers", "end"],
      ...["window-update", "window-update"].slice(0, of(seen, "window-update").length / 2),
    ]);
    expect(of(seen, "headers")[1]).toMatchObject({ streamId: 3, kind: "request", complete: true, endStream: true });
    expect(of(seen, "headers")[1]!.fields).toEqual([...POST, ...list({ "x-count": "1" })]);
    // The frames' places join without a gap.
    const places = seen.filter(({ type }) => type !== "end" && type !== "preface");
    expect(places.map(({ offset }) => offset)).toEqual([24, ...places.slice(0, -1).map(({ endOffset }) => endOffset)]);
    expect(places.at(-1)!.endOffset).toBe(client.length);

    const answers = observe([server], true).seen;
    expect(of(answers, "headers").map(({ kind, complete }) => [kind, complete])).toEqual(
      Array(2).fill(["response", true]),
    );
    expect(of(answers, "data").reduce((sum, { bytes }) => sum + bytes, 0)).toBe(80_000);
    expect(of(answers, "end").map(({ streamId }) => streamId)).toEqual([1, 3]);
  });

  test("any chunking tells the same; a frame in several segments has the times of its first and last byte", () => {
    const { client, server } = conversation(4);
    const story = (chunks: readonly Uint8Array[], fromStart: boolean) =>
      JSON.stringify(
        observe(chunks, fromStart).seen.filter(({ type }) => type !== "data"),
        (key, value) => (key === "atNs" || key === "beganNs" ? undefined : value),
      );
    for (const size of [1, 5, 100]) {
      expect(story(cut(client, size), false)).toBe(story([client], false));
      expect(story(cut(server, size), true)).toBe(story([server], true));
    }
    const [headers] = of(observe(cut(client, 10), false).seen, "headers");
    expect(headers!.beganNs).toBe(Math.floor(headers!.offset / 10));
    expect(headers!.atNs).toBe(Math.floor((headers!.endOffset - 1) / 10));
    expect(headers!.atNs).toBeGreaterThan(headers!.beganNs);
  });
});

describe("from the middle", () => {
  test("wherever it begins, frames are found, and no field is told wrongly", () => {
    const { server } = conversation(6, 300);
    const whole = of(observe([server], true).seen, "headers");
    for (let start = 1; start < server.length - 800; start += 7) {
      const { seen } = observe([server.subarray(start)], false);
      const [synchronised] = of(seen, "synchronised");
      expect(synchronised!.skippedBytes).toBe(synchronised!.offset);
      expect(of(seen, "lost")).toEqual([]);
      const later = of(seen, "headers");
      expect(later.length).toBeGreaterThan(0);
      for (const headers of later) {
        const truth = whole.find(({ offset }) => offset === headers.offset + start)!;
        expect(headers.fields).toHaveLength(truth.fields.length);
        headers.fields.forEach((field, i) => {
          if (field.unknown === undefined) expect(field).toEqual(truth.fields[i]);
        });
        // The status stands in the static table, so the kind is known; the rest was indexed before.
        expect(headers.kind).toBe("response");
      }
    }
  });

  test("fields that were indexed before are unknown, not wrong", () => {
    const { server } = conversation(3);
    const at = of(observe([server], true).seen, "headers")[1]!.offset;
    const [headers] = of(observe([server.subarray(at)], false).seen, "headers");
    expect(headers).toMatchObject({ complete: false });
    expect(headers!.fields.map(({ unknown }) => unknown)).toEqual([undefined, "name and value", "name and value"]);
  });

  test("bytes that are missing: inside DATA nothing is lost, elsewhere the next frame is found", () => {
    const { server } = conversation(3, 16_000);
    const frames = observe([server], true).seen;
    const data = of(frames, "data")[0]!;
    const seen: Observed[] = [];
    const observer = new H2Observer({ emit: (event) => seen.push(event), fromStart: true });
    const hole = { from: data.offset + 100, to: data.offset + 1500 };
    observer.push(server, 0, hole.from, 0);
    observer.gap(hole.to - hole.from, 0);
    observer.push(server, hole.to, server.length, 0);
    expect(of(seen, "lost")).toEqual([]);
    expect(of(seen, "headers")).toEqual(of(frames, "headers"));

    const second = of(frames, "headers")[1]!.offset;
    const torn: Observed[] = [];
    const other = new H2Observer({ emit: (event) => torn.push(event), fromStart: true });
    other.push(server, 0, second + 4, 0);
    other.gap(10, 0);
    other.push(server, second + 14, server.length, MS);
    expect(of(torn, "lost")).toMatchObject([{ reason: "10 bytes are missing", final: false }]);
    expect(of(torn, "synchronised")).toHaveLength(1);
    expect(of(torn, "headers").at(-1)).toMatchObject({ streamId: 5, offset: of(frames, "headers")[2]!.offset });
  });

  test("what is no HTTP/2 is given up with a reason", () => {
    const text = Buffer.from("the quick brown fox jumps over the lazy dog. ".repeat(30_000));
    const { seen, observer } = observe(cut(text, 1400), false);
    expect(observer.gaveUp).toBe(true);
    expect(seen).toMatchObject([
      { type: "lost", final: true, reason: expect.stringMatching(/^no frame found in \d+ bytes$/) },
    ]);
  });

  test("any bytes, any gaps, any chunks: never throws, and places never run ahead of the bytes", () => {
    const { client, server } = conversation(3);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc
        .tuple(fc.boolean(), fc.nat(400), fc.nat(200))
        .map(([own, from, length]) => (own ? client : server).slice(from, from + length)),
      fc.integer({ min: 1, max: 50 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.boolean(), (pieces, fromStart) => {
        let offset = 0;
        const observer = new H2Observer({
          fromStart,
          emit: (event) => {
            expect(event.endOffset).toBeLessThanOrEqual(offset);
            expect(event.offset).toBeLessThanOrEqual(event.endOffset);
            if (event.type === "lost") expect(event.reason).toMatch(/^[ -~]{5,250}$/);
          },
        });
        for (const one of pieces) {
          offset += typeof one === "number" ? one : one.length;
          if (typeof one === "number") observer.gap(one, 0);
          else observer.push(one, 0, one.length, 0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
