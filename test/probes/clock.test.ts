import { expect, it } from "vitest";
import { Alarm, nowNs } from "../../src/probes/clock.js";

const ring = (alarm: (ring: () => void) => Alarm, dueNs: number): Promise<number> =>
  new Promise((resolve) => alarm(() => resolve(nowNs())).set(dueNs));

it.each([0, 0.4, 1.5, 12.3])("rings no earlier than %d ms ahead, and not a timer's grain late", async (aheadMs) => {
  const late: number[] = [];
  for (let round = 0; round < 9; round++) {
    const dueNs = nowNs() + aheadMs * 1e6;
    late.push((await ring((callback) => new Alarm(callback), dueNs)) - dueNs);
  }
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  // The best rings tell of the mechanism; on a busy machine others come late by themselves.
  expect(late.sort((a, b) => a - b)[1]).toBeLessThan(0.9e6);
});

it("never rings inside set(), nor after cancel(), and once after being moved", async () => {
  let rung = 0;
  const alarm = new Alarm(() => rung++);
  alarm.set(nowNs() - 1e6);
  expect(rung).toBe(0);
  alarm.cancel();
  alarm.set(nowNs() + 5e6);
  alarm.set(nowNs() + 1e6);
  await new Promise((resolve) => setTimeout(resolve, 15));
  expect(rung).toBe(1);
});
