import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import type { Report } from "../../src/report/model.js";
import { hostileReport } from "./hostile.js";
import { stallCapture } from "./sample-capture.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { poolReport, stallReport } from "./sample-report.js";

const github = (report: Report): string => renderers.github(report, { columns: 80, colour: 3, unicode: true });

interface Annotation {
  command: string;
  properties: Record<string, string>;
  message: string;
}

/** As the runner reads a line (actions/runner, src/Runner.Common/ActionCommand.cs, TryParseV2), escapes undone. */
function asRunner(line: string): Annotation | null {
  if (!line.trimStart().startsWith("::")) return null;
  const end = line.indexOf("::", 2);
  if (end < 0) return null;
  const [command = "", ...rest] = line.slice(2, end).split(" ");
  const pairs = rest
    .join(" ")
    .split(",")
    .filter((pair) => pair !== "");
  const properties = pairs.map((pair) => {
    const [key = "", value = ""] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    return [key, unescaped(value.replaceAll("%3A", ":").replaceAll("%2C", ","))];
  });
  return { command, properties: Object.fromEntries(properties), message: unescaped(line.slice(end + 2)) };
}

const unescaped = (text: string): string => text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");

function annotations(report: Report): Annotation[] {
  const lines = github(report).split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => asRunner(line) ?? expect.fail(`no workflow command: ${line}`));
}

describe("github", () => {
  const samples = {
    "gate-mixed": mixedGate,
    "gate-pass": passingGate,
    stall: stallReport,
    "capture-stall": stallCapture,
  };
  for (const [name, make] of Object.entries(samples)) {
    it(name, async () => {
      await expect(github(make())).toMatchFileSnapshot(`golden/${name}.github.txt`);
    });
  }

  it("puts a failed expectation at its line of the suite, what was seen and why in the message", () => {
    const found = annotations(mixedGate()).filter(({ command }) => command === "error");
    expect(found).toEqual([
      {
        command: "error",
        properties: { file: "ci/netlat.yaml", line: "14", title: "split writes: p99 < 5ms" },
        message: expect.stringMatching(/^observed 44\.8 ms .*\nthe interval lies above 5\.00 ms$/),
      },
      {
        command: "error",
        properties: { file: "ci/netlat.yaml", line: "21", title: "against last week: baseline p50 < +10%" },
        message: expect.stringContaining("+18.2 %"),
      },
    ]);
  });

  it("warns of what is inconclusive, and of findings that explain a failure", () => {
    const found = annotations(mixedGate()).filter(({ command }) => command === "warning");
    expect(found.map(({ properties }) => [properties.line, properties.title])).toEqual([
      ["26", "too few: p99 < 5ms"],
      ["28", "nobody there"],
      ["33", "noisy neighbour"],
      ["11", "split writes: nagle-delayed-ack"],
    ]);
  });

  it("says something of any report", () => {
    expect(annotations(poolReport())).toEqual([
      { command: "notice", properties: { title: expect.stringContaining("netlat pool") }, message: expect.any(String) },
    ]);
    expect(annotations(stallReport()).map(({ command }) => command)).toEqual(["notice", "error", "notice"]);
  });

  it("never has more of a kind than GitHub shows, and says how many were left out", () => {
    const report = stallReport();
    const [stall] = report.findings;
    report.findings = Array.from({ length: 25 }, (_, at) => ({ ...stall!, title: `number ${at}` }));
    const errors = annotations(report).filter(({ command }) => command === "error");
    expect(errors).toHaveLength(10);
    expect(errors.at(-1)?.properties.title).toBe("16 more");
  });

  it("keeps every line a command of its own, with the place that was meant, whatever the texts hold", () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        for (const { command, properties, message } of annotations(report)) {
          expect(["error", "warning", "notice"]).toContain(command);
          expect(Object.keys(properties).every((key) => ["file", "line", "title"].includes(key))).toBe(true);
          if (properties.line !== undefined) expect(properties.line).toMatch(/^\d+$/);
          expect(message).not.toMatch(/(?!\n)\p{Cc}/u);
        }
      }),
      { numRuns: 200 },
    );
  });
});
