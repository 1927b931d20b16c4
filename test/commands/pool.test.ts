import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { poolCommand } from "../../src/commands/pool.js";
import type { EmitOptions, Ui } from "../../src/commands/ui.js";
import { NetlatError } from "../../src/errors.js";
import type { Report } from "../../src/report/model.js";
import { parseReport } from "../../src/report/parse.js";

interface Emitted {
  report: Report;
  options: EmitOptions;
}

function start(): { command: Command; emitted: Emitted[] } {
  const emitted: Emitted[] = [];
  const ui: Ui = {
    version: "1.2.3",
    emit: async (report, options) => {
      emitted.push({ report, options });
    },
    terminal: () => ({ columns: 80, colour: 0, unicode: true }),
    warn: () => {},
    progress: { show: () => {}, clear: () => {} },
    interrupt: { signal: new AbortController().signal },
    environment: () => ({ os: "test", kernel: "test", node: "v20", cpus: 2, tickHz: null }),
  };
  const command = poolCommand(ui)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return { command, emitted };
}

const run = async (...args: string[]): Promise<Emitted | undefined> => {
  const { command, emitted } = start();
  await command.parseAsync(args, { from: "user" });
  return emitted[0];
};

describe("netlat pool", () => {
  it("emits a whole report of the pool", async () => {
    const emitted = await run(
      "--rate",
      "5000/s",
      "--latency",
      "45ms",
      "--connections",
      "20",
      "--after",
      "1ms",
      "--format",
      "json",
    );
    const report = parseReport(JSON.stringify(emitted?.report));
    expect(emitted?.options.format).toBe("json");
    expect(report.source.kind).toBe("pool");
    expect(report.tool.version).toBe("1.2.3");
    expect(report.pool?.now).toMatchObject({ inFlight: 225, waiting: 205, stable: false });
    expect(report.pool?.after).toMatchObject({ connectionsNeeded: 5, utilisation: 0.25 });
  });

  it("needs neither the connections nor the fix", async () => {
    const emitted = await run("--rate", "2k/s", "--latency", "2ms");
    expect(emitted?.options.format).toBe("table");
    expect(emitted?.report.pool).toMatchObject({ connections: null, after: null });
  });

  it.each([
    [["--rate", "-1", "--latency", "45ms"], /--rate -1: not a rate/],
    [["--rate", "0/s", "--latency", "45ms"], /--rate 0\/s: not a rate/],
    [["--rate", "5/s", "--latency", "45"], /--latency 45: not a duration/],
    [["--rate", "5/s", "--latency", "0ms"], /--latency 0ms/],
    [["--rate", "5/s", "--latency", "1ms", "--after", "soon"], /--after soon/],
    [["--rate", "5/s", "--latency", "1ms", "--connections", "0"], /--connections 0/],
    [["--rate", "5/s", "--latency", "1ms", "--connections", "2.5"], /--connections 2.5/],
    [["--rate", "5/s", "--latency", "1ms", "--format", "xml"], /--format xml/],
  ])("refuses %j with exit 2", async (args, message) => {
    const error = await run(...args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NetlatError);
    expect((error as NetlatError).exitCode).toBe(2);
    expect((error as NetlatError).message).toMatch(message);
  });

  it("wants the rate and the latency", async () => {
    await expect(run("--latency", "1ms")).rejects.toThrow("--rate: this option must be given");
    await expect(run("--rate", "5/s")).rejects.toThrow("--latency: this option must be given");
  });

  it("complains of a word too many, or an unknown option, before what is missing", async () => {
    await expect(run("report.json", "extra")).rejects.toMatchObject({ code: "commander.excessArguments" });
    await expect(run("--bogus")).rejects.toMatchObject({ code: "commander.unknownOption" });
  });
});
