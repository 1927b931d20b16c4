import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyHold } from "../../src/detect/hold.js";

const MS = 1e6;
const holdOf = (written: number[], sent: number[], acked: number[], rttMs = 0.03) => {
  const hold = { heldNs: -1, ackDelayNs: -1 };
  classifyHold(column(written), column(sent), column(acked), written.length, rttMs * MS, hold);
  return { held: hold.heldNs / MS, ackDelay: hold.ackDelayNs / MS };
};
const held = (...times: Parameters<typeof holdOf>) => holdOf(...times).held;
const column = (values: number[]) => Float64Array.from(values, (value) => value * MS);
const NONE = Number.NaN;

describe("time that Nagle's algorithm held a piece back", () => {
  test("piece 2 leaves only when piece 1 is acknowledged", () => {
    expect(held([0, 0.01], [0.03, 43.93], [43.92, NONE])).toBeCloseTo(43.92);
  });
  test("pieces 2 and 3 merged: one stamp, one hold, from the writing of piece 3: before it the request was not whole", () => {
    expect(held([0, 0.01, 0.02], [0.03, NONE, 43.93], [43.92, NONE, 44])).toBeCloseTo(43.91);
  });
  test("a hold that was over before the last piece was written cost the request nothing", () => {
    expect(held([0, 10, 50], [0.03, 40, 80], [39.99, 79.99, 80.1])).toBeCloseTo(30);
    expect(held([0, 10, 50], [0.03, 40, 50.01], [39.99, 50, 50.1])).toBe(0);
  });
  test("two held pieces that overlap count once", () => {
    expect(held([0, 10, 20], [0.03, 40, 80], [39.99, 79.99, 80.1])).toBeCloseTo(60);
  });
  test("the application paused for 20 ms before each piece: little was lost, but the ACK was late all the same", () => {
    const { held: lost, ackDelay } = holdOf([0, 20, 40], [0.03, NONE, 42.03], [42, NONE, NONE]);
    expect(lost).toBeCloseTo(2.03);
    expect(ackDelay).toBeCloseTo(41.97);
  });
  test("the ACK's delay is the longest of those that were waited for; none where nothing waited", () => {
    expect(holdOf([0, 0.01, 0.02], [0.03, 5, 45], [4.99, 44.99, 45.1]).ackDelay).toBeCloseTo(39.99);
    expect(holdOf([0, 0.01], [0.03, 0.04], [43.92, 43.95]).ackDelay).toBeNaN();
  });
  test("a single write is never held", () => {
    expect(held([0], [0.03], [43])).toBe(0);
  });
  test("sent at once, though the ACK of piece 1 is late (Nagle off)", () => {
    expect(held([0, 0.01], [0.03, 0.04], [43.92, 43.95])).toBe(0);
  });
  test("the application waited before it wrote piece 2", () => {
    expect(held([0, 45], [0.03, 45.02], [40, 45.1])).toBe(0);
  });
  test("sent late, but not because of the ACK: it came long before", () => {
    expect(held([0, 0.05], [0.03, 45], [0.1, 45.1])).toBe(0);
  });
  test("a long path may take a quarter of its round trip to react", () => {
    expect(held([0, 0.01], [0.03, 48], [43, NONE], 42)).toBeCloseTo(47.99);
    expect(held([0, 0.01], [0.03, 48], [43, NONE], 4)).toBe(0);
  });
  test("cannot judge: the stamp of the last piece, or of the ACK that decides, is missing", () => {
    expect(held([0, 0.01], [0.03, NONE], [43.92, NONE])).toBeNaN();
    expect(held([0, 0.01], [0.03, 43.93], [NONE, NONE])).toBeNaN();
    expect(held([0, 0.01], [NONE, NONE], [NONE, NONE])).toBeNaN();
  });
  test("never negative, never longer than from the first write to the last sending", () => {
    const times = fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 3 }), (random, count) => {
        const written = random.slice(0, count).sort((x, y) => x - y);
        const sent = random.slice(3, 3 + count).sort((x, y) => x - y);
        const result = held(written, sent, random.slice(6, 6 + count));
        return result >= 0 && result <= Math.max(0, (sent.at(-1) as number) - (written[0] as number)) + 1e-6;
      }),
    );
  });
});
