import { expect, test } from "vitest";
import { parseConnections, parseStreams, parseWindows } from "../../src/probes/count-levels.js";
import { describePacing } from "../../src/probes/pacer.js";

test("levels are read once each, in the order given", () => {
  expect(parseStreams("10,1,10", "--streams")).toEqual([10, 1]);
  expect(parseConnections("20", "--connections")).toEqual([20]);
  expect(parseConnections("1, 4", "--connections")).toEqual([1, 4]);
  expect(parseWindows("64KiB,1MiB", "--window")).toEqual([65_536, 1_048_576]);
});

test.each(["0", "1,0", "10001", "1.5", "x", "", "1,", "-1"])("numbers that are none: %s", (text) => {
  expect(() => parseConnections(text, "--connections")).toThrow(
    `--connections ${text}: not numbers of connections; use whole numbers from 1 to 10000`,
  );
  expect(() => parseStreams(text, "--streams")).toThrow("not numbers of streams");
});

test("the load in words names every number of connections", () => {
  expect(describePacing({ kind: "closed" }, [1])).toBe("closed loop, 1 connection");
  expect(describePacing({ kind: "closed" }, [1, 6])).toBe("closed loop, 1 or 6 connections");
  expect(describePacing({ kind: "closed" }, [4], 10)).toBe("closed loop, 4 connections with 10 requests each");
});
