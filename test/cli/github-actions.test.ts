import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { asLog, fromRepository } from "../../src/cli/github-actions.js";
import { createUi } from "../../src/cli/ui.js";
import type { EmitOptions } from "../../src/commands/ui.js";
import type { Report } from "../../src/report/model.js";
import { mixedGate } from "../render/sample-gate.js";
import { stallReport } from "../render/sample-report.js";
import { fakeHost } from "./fake-host.js";

let folder: string;
let summary: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-actions-"));
  summary = join(folder, "summary.md");
  writeFileSync(summary, "an earlier step\n");
});

async function emitted(report: Report, options: EmitOptions, env: Record<string, string> = {}) {
  const host = fakeHost({ env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary, ...env } });
  await createUi(host, "1").emit(report, options);
  return { out: host.out(), err: host.err(), summary: readFileSync(summary, "utf8") };
}

const annotated = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("::"));

describe("a gate in GitHub Actions", () => {
  it("prints its table, annotates on standard error and adds to the step's summary", async () => {
    const { out, err, summary } = await emitted(mixedGate(), { format: "table" });
    expect(out).toContain("2 failed");
    expect(annotated(out)).toEqual([]);
    expect(annotated(err).filter((line) => line.startsWith("::error file=ci/netlat.yaml,line="))).toHaveLength(2);
    expect(summary).toMatch(/^an earlier step\n# netlat check/);
    expect(summary).toContain("**fail: 8 checks");
  });

  it("keeps standard output to the report in the format that was asked for", async () => {
    const { out, err } = await emitted(mixedGate(), { format: "json" });
    expect(JSON.parse(out).gate.checks).toHaveLength(6);
    expect(annotated(err).length).toBeGreaterThan(0);
    const asked = await emitted(mixedGate(), { format: "github" });
    expect(annotated(asked.out).length).toBeGreaterThan(0);
    expect(asked.err).toBe("");
  });

  it("does nothing of it elsewhere, for other reports, or for a saved one", async () => {
    const quiet = { out: expect.any(String), err: "", summary: "an earlier step\n" };
    expect(await emitted(mixedGate(), { format: "table" }, { GITHUB_ACTIONS: "" })).toEqual(quiet);
    expect(await emitted(stallReport(), { format: "table" })).toEqual(quiet);
    expect(await emitted(mixedGate(), { format: "table", announce: false })).toEqual(quiet);
  });

  it("lets a summary that cannot be written stop nothing, and says so", async () => {
    const { out, err } = await emitted(mixedGate(), { format: "table" }, { GITHUB_STEP_SUMMARY: folder });
    expect(out).toContain("2 failed");
    expect(err).toContain(`netlat: GITHUB_STEP_SUMMARY ${folder}: the summary was not written (it is a folder)\n`);
  });
});

describe("fromRepository", () => {
  const suiteIn = (suite: string, root: string): string => {
    const report = mixedGate();
    if (report.source.kind === "check") report.source.suite = suite;
    const { source } = fromRepository(report, { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: root });
    return source.kind === "check" ? source.suite : "";
  };

  it("names the suite from the root of the repository, wherever the step runs", () => {
    expect(suiteIn("ci/netlat.yaml", resolve("."))).toBe("ci/netlat.yaml");
    expect(suiteIn("ci/netlat.yaml", resolve(".."))).toMatch(/^[^/]+\/ci\/netlat\.yaml$/);
    expect(suiteIn(resolve("ci/netlat.yaml"), resolve("."))).toBe("ci/netlat.yaml");
  });

  it("leaves a suite outside of it, and reports of other kinds, as they are", () => {
    expect(suiteIn("/etc/netlat.yaml", resolve("."))).toBe("/etc/netlat.yaml");
    expect(fromRepository(stallReport(), { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: "/" })).toEqual(stallReport());
  });
});

describe("asLog", () => {
  it("breaks what the runner would take for a command, and nothing else", () => {
    expect(asLog("  ::error::x\n::add-mask::y\na ##[group]z")).toBe("  : :error::x\n: :add-mask::y\na ## [group]z");
    const plain = "a ::error::x\n::1 is an address\nfe80::1\n";
    expect(asLog(plain)).toBe(plain);
  });

  it("guards the text for people of every command, and leaves data alone", async () => {
    const report = stallReport();
    report.verdict.reasons = ["##[error]from a server"];
    expect((await emitted(report, { format: "table" })).out).toContain("## [error]from a server");
    expect((await emitted(report, { format: "json" })).out).toContain("##[error]from a server");
  });
});
