import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { reportBase } from "../../src/report/base.js";
import { histogramOf } from "../../src/report/histogram.js";
import type { HistogramData, Report } from "../../src/report/model.js";
import { parseReport } from "../../src/report/parse.js";
import { reportJsonSchema } from "../../src/report/schema.js";

const environment = { os: "Linux", kernel: "6.18", node: "v20.20.0", cpus: 2, tickHz: 250 };
const report: Report = {
  ...reportBase(new Date("2026-01-02T03:04:05.678Z"), environment, "0.1.0"),
  source: { kind: "pool", from: "a test" },
};

const flow = (latency: HistogramData) => ({
  id: 1,
  a: { address: "127.0.0.1", port: 1 },
  b: { address: "127.0.0.1", port: 2 },
  client: null,
  protocol: "unknown",
  vantage: "unknown",
  packets: 2,
  bytes: 2,
  handshakeRttNs: null,
  exchanges: {
    count: 2,
    latency,
    breakdownNs: { network: 0, senderHold: 0, loss: 0, window: 0, server: 0, transfer: 0 },
  },
});

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

  it("names the file and the place of a damaged histogram", () => {
    const saved = (changes: object) =>
      JSON.stringify({ ...report, flows: [flow({ ...histogramOf([1, 2]), ...changes })] });
    expect(parseReport(saved({})).flows).toHaveLength(1);
    expect(thrownBy(saved({ count: 7 }), "a.json").message).toBe(
      "a.json: at flows[0].exchanges.latency: a histogram of 7 values holds 2",
    );
    const { exitCode, message } = thrownBy(saved({ hdr: "AAAA" }), "a.json");
    expect([exitCode, message]).toEqual([
      3,
      expect.stringMatching(/^a\.json: at flows\[0\]\.exchanges\.latency: not a/),
    ]);
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
