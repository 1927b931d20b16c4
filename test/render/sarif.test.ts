import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import { uriOf } from "../../src/render/sarif/results.js";
import type { Report } from "../../src/report/model.js";
import { hostileReport } from "./hostile.js";
import { emptyCapture, lossesCapture, stallCapture } from "./sample-capture.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { allErrorsReport, poolReport, stallReport } from "./sample-report.js";

/** What the tests look at; the schema holds the rest. */
interface Sarif {
  runs: {
    tool: { driver: { rules: { id: string; help: { text: string } }[] } };
    invocations: { toolExecutionNotifications: { level: string; message: { text: string } }[] }[];
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: { physicalLocation?: { artifactLocation: { uri: string }; region?: { startLine: number } } }[];
    }[];
  }[];
}

const text = (report: Report): string => renderers.sarif(report, { columns: 80, colour: 0, unicode: false });
const sarif = (report: Report): Sarif => JSON.parse(text(report)) as Sarif;

/** The published schema, from Microsoft's package of SARIF matchers (MIT). It is draft 04; none of what draft 07 changed is used in it but `id`. */
const path = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const { $schema: _draft04, id: _id, ...schema } = JSON.parse(readFileSync(path, "utf8"));
/** One of its patterns (of a language tag, which we do not write) is no regular expression under the flag u. */
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
(addFormats as unknown as (ajv: Ajv) => void)(ajv);
const validate = ajv.compile(schema);

const faults = (log: unknown): string => (validate(log) ? "" : ajv.errorsText(validate.errors));

describe("sarif", () => {
  const makers = [
    mixedGate,
    passingGate,
    stallReport,
    allErrorsReport,
    poolReport,
    stallCapture,
    lossesCapture,
    emptyCapture,
  ];

  it("gate-mixed", async () => {
    await expect(text(mixedGate())).toMatchFileSnapshot("golden/gate-mixed.sarif.txt");
  });

  it("is valid, whatever the report is of", () => {
    for (const make of makers) expect(faults(sarif(make()))).toBe("");
  });

  it("would not be valid with a wrong level, a line 0, no tool, or a word of our own", () => {
    const change = (edit: (log: Sarif) => void): string => {
      const log = sarif(mixedGate());
      edit(log);
      return faults(log);
    };
    const first = (log: Sarif) => log.runs[0]!.results[0]!;
    expect(change(() => {})).toBe("");
    expect(change((log) => Object.assign(first(log), { level: "fatal" }))).not.toBe("");
    expect(
      change((log) => Object.assign(first(log).locations[0]!.physicalLocation!.region!, { startLine: 0 })),
    ).not.toBe("");
    expect(change((log) => Object.assign(log.runs[0]!, { tool: undefined }))).not.toBe("");
    expect(change((log) => Object.assign(first(log), { netlat: 1 }))).not.toBe("");
  });

  it("has a result at the line of the suite for what does not hold, and for what was found", () => {
    const [run] = sarif(mixedGate()).runs;
    const found = run!.results.map(({ ruleId, level, locations }) => [
      ruleId,
      level,
      locations[0]?.physicalLocation?.artifactLocation.uri,
      locations[0]?.physicalLocation?.region?.startLine,
    ]);
    expect(found).toEqual([
      ["expectation-failed", "error", "ci/netlat.yaml", 14],
      ["expectation-failed", "error", "ci/netlat.yaml", 21],
      ["expectation-inconclusive", "warning", "ci/netlat.yaml", 26],
      ["check-inconclusive", "warning", "ci/netlat.yaml", 28],
      ["check-flaky", "warning", "ci/netlat.yaml", 33],
      ["nagle-delayed-ack", "warning", "ci/netlat.yaml", 11],
    ]);
    for (const { ruleId, ruleIndex } of run!.results) expect(run!.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(run!.tool.driver.rules.find(({ id }) => id === "nagle-delayed-ack")?.help.text).toContain("TCP_NODELAY");
  });

  it("says of an empty list of results who looked, and who could not", () => {
    const [run] = sarif(allErrorsReport()).runs;
    expect(run!.results).toEqual([]);
    const notes = run!.invocations[0]!.toolExecutionNotifications.map(({ message }) => message.text);
    expect(notes[0]).toContain("inconclusive: No request was answered");
    expect(notes).toContain("nagle-delayed-ack: could not judge: no request was answered");
  });

  it("names files as URIs", () => {
    expect(uriOf("./ci/net lat#1.yaml")).toBe("ci/net%20lat%231.yaml");
    expect(uriOf("/srv/a:b.yaml")).toBe("file:///srv/a%3Ab.yaml");
    expect(uriOf("c:d/e.yaml")).toBe("c%3Ad/e.yaml");
  });

  it("stays valid whatever the texts hold", () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        expect(faults(sarif(report))).toBe("");
      }),
      { numRuns: 150 },
    );
  });
});
