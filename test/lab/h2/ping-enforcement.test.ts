import { describe, expect, it } from "vitest";
import { PingEnforcement } from "../../../src/lab/h2/ping-enforcement.js";

const MS = 1e6;
const HOUR = 3600e9;

/** Pings `everyNs`. @returns the number of the one that was too many, or undefined after `count` */
function ended(rule: PingEnforcement, count: number, everyNs: number, streams: number): number | undefined {
  for (let n = 1; n <= count; n++) if (rule.tooMany(streams, n * everyNs)) return n;
  return undefined;
}

describe("grpc-go's rule for pings", () => {
  it("ends a connection at its fourth ping: the first is free, the third strike is one too many", () => {
    expect(ended(new PingEnforcement(300e9, false), 10, 20 * MS, 1)).toBe(4);
  });

  it("lets pings pass that are far enough apart", () => {
    expect(ended(new PingEnforcement(20 * MS, false), 1000, 20 * MS, 1)).toBeUndefined();
    expect(ended(new PingEnforcement(20 * MS, false), 1000, 20 * MS - 1, 1)).toBe(4);
  });

  it("wants two hours between pings without a stream, whatever the least time is", () => {
    expect(ended(new PingEnforcement(MS, false), 1000, 20 * MS, 0)).toBe(4);
    expect(ended(new PingEnforcement(MS, false), 1000, 2 * HOUR - 1, 0)).toBe(4);
    expect(ended(new PingEnforcement(MS, false), 1000, 2 * HOUR, 0)).toBeUndefined();
  });

  it("holds pings without a stream to the least time where they are permitted", () => {
    expect(ended(new PingEnforcement(MS, true), 1000, 20 * MS, 0)).toBeUndefined();
    expect(ended(new PingEnforcement(21 * MS, true), 1000, 20 * MS, 0)).toBe(4);
  });

  it("counts strikes on, also with good pings between them", () => {
    const rule = new PingEnforcement(100 * MS, true);
    const times = [0, 10, 200, 210, 400, 410];
    expect(times.map((time) => rule.tooMany(1, time * MS))).toEqual([false, false, false, false, false, true]);
  });

  it("forgets strikes when the server has sent HEADERS or DATA, and lets the next ping pass unjudged", () => {
    const rule = new PingEnforcement(HOUR, false);
    expect(ended(rule, 3, 20 * MS, 1)).toBeUndefined();
    rule.forgive();
    // 4 is unjudged and clears three strikes' worth; 5 and 6 are strikes, 7 is the third.
    expect([80, 100, 120, 140].map((time) => rule.tooMany(1, time * MS))).toEqual([false, false, false, true]);
  });
});
