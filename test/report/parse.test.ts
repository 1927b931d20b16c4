import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { reportBase } from "../../src/report/base.js";
import type { Report } from "../../src/report/model.js";
import { parseReport } from "../../src/report/parse.js";
import { reportJsonSchema } from "../../src/report/schema.js";

const environment = { os: "Linux", kernel: "6.18", node: "v20.20.0", cpus: 2, tickHz: 250 };
const report: Report = {
  ...reportBase(new Date("2026-01-02T03:04:05.678Z"), environment, "0.1.0"),
  source: { kind: "pool", from: "a test" },
};

function thrownBy(text: string, name?: string): NetlatError {
  try {
    parseReport(text, name);
  } catch (error) {
    expect(error).toBeInstanceOf(NetlatError);
    return error as NetlatError;
  }
  throw new Error("it was accepted");
}

describe("parseReport", () => {
  it("reads what was written", () => {
    expect(parseReport(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({ startedAt: "2026-01-02T03:04:05.678Z", verdict: { status: "none" }, pool: null });
  });

  it("names the first wrong place", () => {
    const wrong = {
      ...report,
      findings: [{ code: "nagle-delayed-ack", severity: "error", costNs: { total: -1, p50: 0, max: 0 } }],
    };
    expect(thrownBy(JSON.stringify(wrong)).message).toMatch(/at findings\[0\]\./);
    expect(thrownBy(JSON.stringify({ ...report, environment: { ...environment, cpus: 1.5 } })).message).toMatch(
      /at environment\.cpus: /,
    );
    expect(thrownBy(JSON.stringify({ ...report, more: 1 })).message).toMatch(/top level: .*more/);
    expect(thrownBy("[]", "a.json").message).toMatch(/^a\.json: not a report of netlat\.report\/1: at its top level/);
  });

  it("knows another version of the schema, and what is no JSON", () => {
    expect(thrownBy(JSON.stringify({ ...report, schema: "netlat.report/2" })).message).toMatch(
      /"netlat.report\/2"; this netlat reads netlat.report\/1/,
    );
    expect(thrownBy("{").message).toMatch(/not JSON/);
    expect(thrownBy("").exitCode).toBe(3);
  });

  it("throws nothing else on any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(thrownBy(text).exitCode).toBe(3);
      }),
    );
  });
});

describe("reportJsonSchema", () => {
  it("is JSON Schema that requires what a report must have", () => {
    const schema = JSON.parse(reportJsonSchema()) as {
      $schema: string;
      required: string[];
      properties: Record<string, unknown>;
    };
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(schema.required).toEqual(expect.arrayContaining(Object.keys(report)));
    expect(schema.properties.schema).toMatchObject({ const: "netlat.report/1" });
  });
});
