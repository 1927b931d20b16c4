import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { digits, formatDuration, parseDuration } from "../../src/units/duration.js";
import { formatRate, parseRate } from "../../src/units/rate.js";
import { formatSize, parseSize } from "../../src/units/size.js";

describe("durations", () => {
  test("are read with their unit", () => {
    expect(["250us", "40ms", "2s", "1.5m", "1h", "7ns", ".5ms"].map((text) => parseDuration(text, "--x"))).toEqual([
      250e3, 40e6, 2e9, 90e9, 3600e9, 7, 0.5e6,
    ]);
  });

  test("anything else is refused with the value and what is accepted", () => {
    for (const text of ["", "40", "ms", "-1s", "1e3ms", "4 0ms", "1d", "999999999999h"]) {
      expect(() => parseDuration(text, "--gap"), text).toThrow(/^--gap .*such as 250us/);
    }
  });

  test("are written with three significant digits and a unit", () => {
    expect([0, 281, 1500, 43_912_345, 1.2e9, 3600e9].map(formatDuration)).toEqual([
      "0",
      "281 ns",
      "1.50 us",
      "43.9 ms",
      "1.20 s",
      "60.0 min",
    ]);
    expect([999.4, 999.6, 999_600, 999_600_000].map(formatDuration)).toEqual([
      "999 ns",
      "1.00 us",
      "1.00 ms",
      "1.00 s",
    ]);
  });
});

test("rates", () => {
  expect(["5000/s", "2k/s", "120/m", "7"].map((text) => parseRate(text, "--rate"))).toEqual([5000, 2000, 2, 7]);
  for (const text of ["-1", "0", "fast", "1/d", "1//s"])
    expect(() => parseRate(text, "--rate"), text).toThrow(NetlatError);
  expect([22.73, 444.4, 11806.7].map(formatRate)).toEqual(["22.7/s", "444/s", "11,807/s"]);
});

test("sizes", () => {
  expect(["64KiB", "1500", "2MB", "1.5KiB"].map((text) => parseSize(text, "--size"))).toEqual([65536, 1500, 2e6, 1536]);
  for (const text of ["-1", "1.5", "4GB", "KiB"]) expect(() => parseSize(text, "--size"), text).toThrow(NetlatError);
  expect([100, 65536, 1.5 * 1024 ** 2, 1.2 * 1024 ** 3].map(formatSize)).toEqual([
    "100 B",
    "64 KiB",
    "1.5 MiB",
    "1.2 GiB",
  ]);
});

test("numbers for people never have an exponent or more than three digits behind a point", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e12, noNaN: true }), (value) => {
      expect(digits(value)).toMatch(/^\d+(\.\d{1,6})?$/);
    }),
  );
});
