import { expect, test } from "vitest";
import { Occupancy } from "../../../src/probes/http2/h2-tally.js";

const MS = 1e6;

test("two at once for 10 ms each, one after the other five times: L = lambda x W = 2", () => {
  const occupancy = new Occupancy();
  occupancy.restart(0);
  for (let round = 0; round < 5; round++) {
    occupancy.enter(round * 10 * MS);
    occupancy.enter(round * 10 * MS);
    occupancy.leave((round + 1) * 10 * MS, 10 * MS);
    occupancy.leave((round + 1) * 10 * MS, 10 * MS);
  }
  occupancy.pause(50 * MS);
  const law = occupancy.law(50 * MS);
  expect(law).toEqual({ arrivalPerSecond: 200, residenceNs: 10 * MS, expected: 2, measured: 2 });
});

test("what comes and goes before the measured time, or after it, is not counted", () => {
  const occupancy = new Occupancy();
  occupancy.enter(0);
  occupancy.leave(100 * MS, 100 * MS);
  occupancy.restart(100 * MS);
  occupancy.enter(100 * MS);
  occupancy.leave(110 * MS, 10 * MS);
  occupancy.enter(110 * MS);
  occupancy.pause(120 * MS);
  occupancy.leave(500 * MS, 390 * MS);
  expect(occupancy.law(20 * MS)).toEqual({ arrivalPerSecond: 50, residenceNs: 10 * MS, expected: 0.5, measured: 1 });
});

test("nothing went through: there is no law to hold", () => {
  const occupancy = new Occupancy();
  occupancy.restart(0);
  occupancy.enter(0);
  occupancy.pause(MS);
  expect(occupancy.law(MS)).toBeNull();
});
