import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InOrder, type Room } from "../../../src/capture/streams/in-order.js";

const FIRST = 0xffff_fff0;

interface Piece {
  readonly at: number;
  readonly length: number;
}

/** What the sink was given, by position. */
function collected(): { ends: InOrder; got: Map<number, number>; room: Room; twice: number } {
  const got = new Map<number, number>();
  const room = { left: 1 << 22 };
  const result = { got, room, twice: 0 } as ReturnType<typeof collected>;
  result.ends = new InOrder(FIRST, room, (bytes, start, end, position) => {
    for (let i = start; i < end; i++) {
      if (got.has(position + i - start)) result.twice++;
      got.set(position + i - start, bytes[i] as number);
    }
  });
  return result;
}

const stream = Uint8Array.from({ length: 3000 }, (_, at) => (at * 7) % 251);
const push = (ends: InOrder, { at, length }: Piece, captured = length): void =>
  ends.push((FIRST + at) >>> 0, stream, at, captured, length);

describe("one end's bytes in order", () => {
  it("whatever the order of the segments, over the wrap of the sequence numbers, and however often they come", () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(cuts, fc.array(fc.nat()), fc.array(fc.nat(), { maxLength: 10 }), (cut, order, again) => {
        const edges = [0, ...cut.sort((left, right) => left - right), stream.length];
        const pieces = edges.slice(1).map((end, i) => ({ at: edges[i] as number, length: end - (edges[i] as number) }));
        const shuffled = pieces
          .map((piece, i) => [order[i] ?? i, piece] as const)
          .sort((left, right) => left[0] - right[0])
          .map(([, piece]) => piece);
        const seen = collected();
        for (const piece of [...shuffled, ...again.map((n) => pieces[n % pieces.length] as Piece)])
          push(seen.ends, piece);
        expect(seen.twice).toBe(0);
        expect(seen.got.size).toBe(stream.length);
        expect([...seen.got].every(([at, byte]) => byte === stream[at])).toBe(true);
        expect(seen.room.left).toBe(1 << 22);
      }),
    );
  });

  it("a hole is given up when the other end has acknowledged it, not before", () => {
    const { ends, got } = collected();
    push(ends, { at: 0, length: 100 });
    push(ends, { at: 200, length: 100 });
    ends.acknowledged((FIRST + 150) >>> 0);
    expect(got.size).toBe(100);
    ends.acknowledged((FIRST + 300) >>> 0);
    expect(got.size).toBe(200);
    expect(got.get(200)).toBe(stream[200]);
    expect(got.has(150)).toBe(false);
  });

  it("what the snap length cut off is missing, and what follows stands where it belongs", () => {
    const { ends, got } = collected();
    push(ends, { at: 0, length: 1000 }, 40);
    push(ends, { at: 1000, length: 100 }, 40);
    expect(got.size).toBe(80);
    expect(got.get(1000)).toBe(stream[1000]);
  });

  it("holds no more than a bound, and gives the room back", () => {
    const { ends, room } = collected();
    const big = new Uint8Array(60_000);
    for (let i = 1; i <= 100; i++) {
      ends.push((FIRST + i * 70_000) >>> 0, big, 0, big.length, big.length);
      expect((1 << 22) - room.left).toBeLessThan(1.2e6);
    }
    ends.finish();
    expect(room.left).toBe(1 << 22);
  });
});
