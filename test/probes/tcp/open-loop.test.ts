import { describe, expect, it } from "vitest";
import { ms } from "../../../src/units/duration.js";
import { answering, kinds, latencies, listen, load, MISS, median, openLane, runOnce, spec } from "./net-lane.js";

const open = (ratePerSecond: number, arrival: "constant" | "poisson" = "constant") =>
  ({ pacing: { kind: "open", ratePerSecond, arrival } }) as const;

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * q)] as number;

describe("the open loop", () => {
  it("keeps its rate, and starts requests when they are due", async () => {
    const port = await listen(answering());
    const result = await runOnce(spec(port, { connections: 4 }), load(1e9, { durationNs: ms(400), ...open(500) }));
    expect(result.measured.length).toBe(201);
    expect(new Set(kinds(result.measured))).toEqual(new Set(["miss"]));
    expect(new Set(result.measured.connection).size).toBe(4);
    const { intendedNs, readyNs, startNs } = result.measured;
    const order = Array.from(intendedNs).sort((a, b) => a - b);
    expect((order[100] as number) - (order[0] as number)).toBeCloseTo(100 * 2e6, -1);
    const lag = Array.from(startNs, (start, at) => start - (readyNs[at] as number));
    expect(Math.min(...lag)).toBeGreaterThanOrEqual(0);
    expect(median(lag)).toBeLessThan(0.8e6); // a timer alone would be late by a millisecond
    expect(result.slowest[0]?.events[0]?.event).toBe("intended");
  });

  it("counts the wait behind a server that stops once; service time does not show it", async () => {
    let stoppedUntil = 0;
    const port = await listen(
      answering((number, socket, connection) => {
        const now = performance.now();
        if (connection === 0 && number === 50) stoppedUntil = now + 300;
        if (now >= stoppedUntil) return MISS;
        setTimeout(() => socket.write(MISS), stoppedUntil - now);
        return undefined;
      }),
    );
    const result = await runOnce(spec(port, { connections: 2 }), load(1000, open(1000)));
    const { intendedNs, endNs } = result.measured;
    const corrected = Array.from(endNs, (end, at) => end - (intendedNs[at] as number));
    expect(result.measured.length).toBe(1000);
    expect(quantile(corrected, 0.9)).toBeGreaterThan(150e6);
    expect(quantile(latencies(result.measured), 0.99)).toBeLessThan(50e6);
  });

  it("does not take the wait for a free connection for its own lag", async () => {
    const port = await listen(
      answering((_, socket) => {
        setTimeout(() => socket.write(MISS), 10);
        return undefined;
      }),
    );
    const result = await runOnce(spec(port), load(20, open(1000)));
    const { intendedNs, readyNs, startNs } = result.measured;
    expect((startNs[19] as number) - (intendedNs[19] as number)).toBeGreaterThan(100e6);
    expect((startNs[19] as number) - (readyNs[19] as number)).toBeLessThan(10e6);
  });

  it("records what was due and never sent, with a lower bound of its latency", async () => {
    // One answer: a target that never gave any would be given up.
    const port = await listen(answering((number, _, before) => (number + before === 0 ? MISS : undefined)));
    const result = await runOnce(spec(port, { timeoutNs: ms(100) }), load(1e9, { durationNs: ms(150), ...open(200) }));
    const found = kinds(result.measured);
    expect(found.length).toBe(31);
    expect(found.filter((kind) => kind === "timeout").length).toBeGreaterThanOrEqual(2);
    const unsent = found.flatMap((kind, at) => (kind === "unsent" ? [at] : []));
    expect(unsent.length).toBeGreaterThan(20);
    for (const at of unsent) {
      const { intendedNs, startNs, endNs } = result.measured;
      expect(startNs[at]).toBeNaN();
      expect((endNs[at] as number) - (intendedNs[at] as number)).toBeGreaterThanOrEqual(100e6);
    }
    expect(result.examples.unsent).toBeDefined();
  });

  it("gives the same Poisson arrivals for the same seed", async () => {
    const port = await listen(answering());
    const gaps = async (seed: number): Promise<number[]> => {
      const result = await runOnce(spec(port, { connections: 4 }), load(50, { seed, ...open(1000, "poisson") }));
      const due = Array.from(result.measured.intendedNs).sort((a, b) => a - b);
      return due.slice(1).map((at, index) => Math.round((at - (due[index] as number)) / 1e3));
    };
    const first = await gaps(7);
    expect(await gaps(7)).toEqual(first);
    expect(await gaps(8)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(30);
  });

  it("stops at the abort", async () => {
    const port = await listen(answering());
    const lane = await openLane(spec(port));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const result = await lane.run(load(1e9, open(200)), stop.signal, () => {});
    expect(result.measured.length).toBeGreaterThan(3);
    expect(result.measured.length).toBeLessThan(60);
    expect(kinds(result.measured)).not.toContain("unsent");
  });
});
