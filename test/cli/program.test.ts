import { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { CommandEntry } from "../../src/cli/commands.js";
import { COMMANDS } from "../../src/cli/commands.js";
import { runProgram } from "../../src/cli/program.js";
import { createUi } from "../../src/cli/ui.js";
import { option, readCount } from "../../src/commands/options.js";
import { NetlatError } from "../../src/errors.js";
import { parseRate } from "../../src/units/rate.js";
import { fakeHost } from "./fake-host.js";

async function netlat(args: string[], action: (options: object, word?: string) => unknown = () => {}) {
  const host = fakeHost();
  const ui = createUi(host, "1.2.3");
  const loaded: string[] = [];
  const entry = (name: string): CommandEntry => ({
    name,
    summary: `what ${name} does`,
    load: async () => {
      loaded.push(name);
      return () =>
        new Command(name)
          .argument("[endpoint]")
          .addOption(option("-r, --rate <rate>", "requests per second", parseRate))
          .addOption(option("--requests <count>", "how many", readCount(), "200"))
          .action(async (word: string | undefined, options: object) => void (await action(options, word)));
    },
  });
  const exitCode = await runProgram(args, [entry("probe"), entry("pool")], ui);
  return { exitCode, loaded, out: host.out(), err: host.err(), host };
}

describe("dispatch", () => {
  it("loads only the command that is named, and runs it with values that are read", async () => {
    const seen: unknown[] = [];
    const result = await netlat(
      ["probe", "tcp://a:1", "--rate", "2k/s"],
      (options, word) => void seen.push(word, options),
    );
    expect(seen).toEqual(["tcp://a:1", { rate: 2000, requests: 200 }]);
    expect(result).toMatchObject({ exitCode: 0, loaded: ["probe"], out: "", err: "" });
  });

  it.each([["--help"], ["-h"], ["help"], ["help", "--help"]])(
    "%s %s shows every command and loads none",
    async (...args) => {
      const { exitCode, loaded, out, err } = await netlat(args);
      expect({ exitCode, loaded, err }).toEqual({ exitCode: 0, loaded: [], err: "" });
      expect(out).toContain("what probe does");
      expect(out).toContain("what pool does");
      expect(out).toContain("Examples:");
      expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it.each([
    ["pool", "--help"],
    ["help", "pool"],
  ])("%s %s shows the help of that command and loads no other", async (...args) => {
    const { exitCode, loaded, out } = await netlat(args);
    expect({ exitCode, loaded }).toEqual({ exitCode: 0, loaded: ["pool"] });
    expect(out).toMatch(/^Usage: netlat pool \[options\] \[endpoint\]/);
    expect(out).toContain("(default: 200)");
  });

  it("has a name and a summary for each command of the program", () => {
    expect(COMMANDS.map(({ name }) => name)).toEqual([
      "probe",
      "pcap",
      "pool",
      "check",
      "init",
      "compare",
      "merge",
      "report",
      "serve",
      "explain",
    ]);
  });
});

describe("wrong usage is one sentence, a remedy and exit 2", () => {
  it.each([
    [["prbe"], "prbe: not a command of netlat; did you mean probe?"],
    [["zebra"], "zebra: not a command of netlat"],
    [["--rate", "1"], "--rate: netlat has no such option before a command"],
    [[], "no command was given"],
    [["probe", "--rat", "1"], "--rat: netlat probe has no such option; did you mean --rate?"],
    [["probe", "-x"], "-x: netlat probe has no such option"],
    [["probe", "--rate"], "--rate: the value is missing"],
    [["probe", "a", "b"], "b: one word too many"],
    [["probe", "--rate", "-1"], "--rate -1: not a rate; write a number above 0 per second, such as 5000/s or 2k/s"],
    [["probe", "--rate=-1"], "--rate -1: not a rate; write a number above 0 per second, such as 5000/s or 2k/s"],
    [["probe", "-r", "-1"], "--rate -1: not a rate; write a number above 0 per second, such as 5000/s or 2k/s"],
    [["probe", "--requests", "--rate"], "--requests --rate: not a whole number from 1"],
  ])("%j", async (args, sentence) => {
    const { exitCode, out, err } = await netlat(args);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err.split("\n")[0]).toBe(`netlat: ${sentence}`);
    expect(err).not.toMatch(/^ +at /m);
  });
});

describe("what a command throws", () => {
  it("is a sentence, a hint and its own exit code when a person can act on it", async () => {
    const { exitCode, err } = await netlat(["probe"], () => {
      throw new NetlatError(4, "127.0.0.1:1: nothing listens there", { hint: "start it" });
    });
    expect(exitCode).toBe(4);
    expect(err).toBe("netlat: 127.0.0.1:1: nothing listens there\n        start it\n");
  });

  it("is our own bug otherwise, asynchronous or not: stack, version, exit 70", async () => {
    const { exitCode, err } = await netlat(["probe"], async () => {
      await Promise.resolve();
      throw new TypeError("x is undefined");
    });
    expect(exitCode).toBe(70);
    expect(err).toMatch(/bug in netlat itself \(netlat 1\.2\.3, /);
    expect(err).toMatch(/TypeError: x is undefined\n +at /);
    expect(err).toContain("Please report it");
  });
});
