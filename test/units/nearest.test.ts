import { expect, it } from "vitest";
import { nearest } from "../../src/units/nearest.js";

it.each([
  ["probe", "probe"],
  ["prob", "probe"],
  ["rpobe", "probe"],
  ["POOL", "pool"],
  ["explian", "explain"],
  ["server", "serve"],
  ["zebra", undefined],
  ["", undefined],
])("%s is meant to be %s", (word, meant) => {
  expect(nearest(word, ["probe", "pool", "serve", "explain"])).toBe(meant);
});
