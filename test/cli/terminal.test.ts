import { describe, expect, it } from "vitest";
import { canRewrite, detectTerminal, fileTerminal } from "../../src/cli/terminal.js";

const tty = (bits: number, columns = 120) => ({ isTTY: true, columns, getColorDepth: () => bits, write: () => true });
const pipe = { write: () => true };

describe("colour", () => {
  it.each([
    [1, 0],
    [4, 1],
    [8, 2],
    [24, 3],
  ])("a terminal of %i bits has level %i", (bits, level) => {
    expect(detectTerminal(tty(bits), {}).colour).toBe(level);
  });
  it.each([
    ["a pipe", pipe, {}, 0],
    ["NO_COLOR", tty(24), { NO_COLOR: "1" }, 0],
    ["an empty NO_COLOR, which does not count", tty(24), { NO_COLOR: "" }, 3],
    ["TERM=dumb", tty(24), { TERM: "dumb" }, 0],
    ["FORCE_COLOR on a pipe", pipe, { FORCE_COLOR: "" }, 1],
    ["FORCE_COLOR=3 before NO_COLOR", pipe, { FORCE_COLOR: "3", NO_COLOR: "1" }, 3],
    ["FORCE_COLOR=0", tty(24), { FORCE_COLOR: "0" }, 0],
  ])("%s", (_, stream, env, level) => {
    expect(detectTerminal(stream, env).colour).toBe(level);
  });
  it("never goes into a file", () => {
    expect(fileTerminal({ FORCE_COLOR: "3" }).colour).toBe(0);
  });
});

describe("columns", () => {
  it("are the terminal's, 80 elsewhere, and COLUMNS goes before both", () => {
    expect(detectTerminal(tty(1, 132), {}).columns).toBe(132);
    expect(detectTerminal(pipe, {}).columns).toBe(80);
    expect(detectTerminal(tty(1, 0), {}).columns).toBe(80);
    expect(detectTerminal(tty(1, 132), { COLUMNS: "60" }).columns).toBe(60);
    expect(detectTerminal(tty(1, 132), { COLUMNS: "wide" }).columns).toBe(132);
  });
});

describe("unicode", () => {
  it.each([
    [{ LANG: "en_US.UTF-8" }, true],
    [{ LANG: "C.utf8" }, true],
    [{ LANG: "C" }, false],
    [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }, true],
    [{}, true],
    [{ TERM: "dumb" }, false],
  ])("%j", (env, known) => {
    expect(detectTerminal(pipe, env).unicode).toBe(known);
  });
});

it("a line can be rewritten on a terminal that is not dumb", () => {
  expect([canRewrite(tty(1), {}), canRewrite(tty(1), { TERM: "dumb" }), canRewrite(pipe, {})]).toEqual([
    true,
    false,
    false,
  ]);
});
