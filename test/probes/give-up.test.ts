import { expect, test } from "vitest";
import { GiveUp } from "../../src/probes/give-up.js";
import { STATUS_VALUE, statusOf } from "../../src/probes/samples.js";

test("a target that never answered is given up after the second timeout", () => {
  const giveUp = new GiveUp();
  expect(giveUp.note(statusOf("timeout"))).toBe(false);
  expect(giveUp.note(statusOf("timeout"))).toBe(true);
});

test("a target that answered once may time out for as long as it likes", () => {
  const giveUp = new GiveUp();
  giveUp.note(STATUS_VALUE);
  for (let i = 0; i < 100; i++) expect(giveUp.note(statusOf("timeout"))).toBe(false);
});

test("an error answer is an answer", () => {
  const giveUp = new GiveUp();
  giveUp.note(statusOf("error-answer"));
  for (let i = 0; i < 5; i++) expect(giveUp.note(statusOf("refused"))).toBe(false);
});

test("garbage is counted to the end: it costs no time", () => {
  const giveUp = new GiveUp();
  for (let i = 0; i < 1000; i++) expect(giveUp.note(statusOf("malformed"))).toBe(false);
});
