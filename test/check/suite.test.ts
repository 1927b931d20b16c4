import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIRST_SUITE } from "../../src/check/first-suite.js";
import { readExpectation } from "../../src/check/read-expectation.js";
import { parseSuite } from "../../src/check/suite.js";
import { vocabulary } from "../../src/commands/check-options.js";
import { NetlatError } from "../../src/errors.js";

const WORDS = vocabulary();
const parse = (text: string) => parseSuite(text, "s.yaml", WORDS);
const probe = (...lines: string[]) =>
  ["version: 1", "checks:", "  - probe: lab:memcached", ...lines.map((line) => `    ${line}`)].join("\n");
const expecting = (...lines: string[]) => probe("expect:", ...lines.map((line) => `  - ${line}`));
const capture = (...lines: string[]) =>
  ["version: 1", "checks:", "  - pcap: a.pcap", "    expect:", `      - ${lines.join("\n        ")}`].join("\n");

describe("a suite", () => {
  test("keeps what was written, with its lines; defaults come after a check's own settings", () => {
    const { checks } = parse(
      `version: 1\ndefaults:\n  requests: 50\n  timeout: 1s\nchecks:\n  - name: a\n    probe: lab:redis\n    requests: 4e2\n    split: 4,10\n    expect:\n      - p99 < 5 ms\n      - where: nagle=on\n        expect: [errors == 0]\n`,
    );
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ name: "a", kind: "probe", subject: "lab:redis", line: 7 });
    expect(checks[0]?.settings).toEqual([
      { key: "timeout", values: ["1s"], line: 4 },
      { key: "requests", values: ["4e2"], line: 8 },
      { key: "split", values: ["4,10"], line: 9 },
    ]);
    expect(checks[0]?.expectations).toMatchObject([
      { kind: "quantile", series: "latency", quantile: 0.99, limitNs: 5e6, line: 11 },
      { kind: "errors", limit: 0, line: 13, selector: { text: "nagle=on" } },
    ]);
  });

  test("the first suite that init writes is one", () => {
    expect(parse(FIRST_SUITE).checks).toHaveLength(2);
  });

  test.each([
    ["p99.9 < 5ms", { quantile: 0.999 }],
    ["p999 <= 5ms", { quantile: 0.999, comparison: "<=" }],
    ["max < 1s", { quantile: 1, limitNs: 1e9 }],
    ["phases.queue.p99 < 3ms", { series: "phases.queue", quantile: 0.99 }],
    ["phases.connect.p95 < 3ms", { series: "phases.connect", quantile: 0.95 }],
    ["errors < 0.1%", { kind: "error-share", limit: 0.001 }],
    ["errors.timeout == 0", { kind: "errors", error: "timeout" }],
    ["findings == 0", { kind: "findings", limit: 0 }],
    ["findings nagle-delayed-ack == 0", { kind: "findings", code: "nagle-delayed-ack" }],
    ["rate > 1k/s", { kind: "rate", limitPerSecond: 1000 }],
    ["requests >= 500", { kind: "requests", limit: 500 }],
  ])("reads %s", (text, expected) => {
    expect(parse(expecting(text)).checks[0]?.expectations[0]).toMatchObject(expected);
  });

  test.each([
    ["baseline p50 < +10%", { share: 0.1 }],
    ["baseline p99 < +2ms", { ns: 2e6 }],
    ["baseline p50 < -5%", { share: -0.05 }],
  ])("reads %s", (text, change) => {
    const [check] = parse(probe("baseline: b.json", `expect: ${text}`)).checks;
    expect(check?.expectations[0]).toMatchObject({ kind: "baseline", change });
  });
});

describe("what is wrong is told with its line and what is accepted", () => {
  test.each<[string, string, RegExp]>([
    [
      "a wrong key",
      probe("spilt: none", "expect: p99 < 5ms"),
      /^s\.yaml:4: spilt: no such key.*did you mean split\?.*accepted: .*nagle/,
    ],
    [
      "a wrong key of an expectation",
      expecting("wher: a=b\n        expect: p99 < 5ms"),
      /^s\.yaml:5: wher: .*did you mean where\?/,
    ],
    ["a wrong kind", "version: 1\nchecks:\n  - prob: x\n    expect: p99 < 5ms", /^s\.yaml:3: .*did you mean probe/],
    ["an unknown unit", expecting("errors == 0", "p99 < 5sec"), /^s\.yaml:6: p99 < 5sec: .*such as 250us/],
    ["no unit", expecting("p99 < 5"), /^s\.yaml:5: .*has no unit; .*5ms/],
    ["a share for a time", expecting("p99 < 5%"), /^s\.yaml:5: .*share.*5ms/],
    ["below zero", expecting("p99 < 0ms"), /^s\.yaml:5: .*impossible.*above 0/],
    [
      "a contradiction",
      expecting("p99 < 5ms", "p99 > 10ms"),
      /^s\.yaml:6: p99 > 10ms: impossible together with p99 < 5ms in line 5/,
    ],
    ["a contradiction of two quantiles", expecting("p99 < 5ms", "p50 > 10ms"), /^s\.yaml:6: .*line 5/],
    ["an unknown quantile", expecting("p101 < 5ms"), /^s\.yaml:5: .*p101 is no quantile; use p50/],
    [
      "an unknown finding",
      expecting("findings nagle-delayed-akc == 0"),
      /^s\.yaml:5: .*did you mean nagle-delayed-ack/,
    ],
    [
      "a finding of captures in a probe",
      expecting("findings rto == 0"),
      /^s\.yaml:5: .*a probe check cannot find that/,
    ],
    ["corrected without a rate", expecting("corrected.p99 < 5ms"), /^s\.yaml:5: .*open loop.*rate:/],
    ["a baseline that is not named", expecting("baseline p50 < +10%"), /^s\.yaml:5: .*has no baseline.*baseline: /],
    ["a change without its sign", probe("baseline: b", "expect: baseline p50 < 10%"), /^s\.yaml:5: .*with its sign/],
    ["equal times", expecting("p50 == 5ms"), /^s\.yaml:5: .*use </],
    ["what always holds", expecting("errors >= 0"), /^s\.yaml:5: .*checks nothing/],
    ["no expectation", probe("nagle: on"), /^s\.yaml:3: .*expect is missing/],
    ["another version", "version: 2\nchecks: []", /^s\.yaml:1: version.*version: 1/],
    [
      "two of a name",
      `${probe("expect: p99 < 5ms")}\n  - probe: lab:memcached\n    expect: p99 < 5ms`,
      /^s\.yaml:5: .*line 3/,
    ],
    ["a tab", "version: 1\n\tchecks: []", /^s\.yaml:2: a tab/],
    ["a key twice", "version: 1\nversion: 1", /^s\.yaml:2: .*twice/],
    ["nothing", "", /^s\.yaml:1: .*netlat init/],
    ["too deep", "[".repeat(100_000), /^s\.yaml:1: /],
    ["an alias of nothing", "a: &a [x]\nb: *c", /^s\.yaml:2: \*c is an alias of nothing.*quotes/],
    [
      "an alias that multiplies",
      `a: &a [x, x]\n${[..."bcdefghijk"].map((name, at) => `${name}: &${name} [${`*${"abcdefghij"[at]}, `.repeat(9)}]`).join("\n")}`,
      /^s\.yaml: .*alias/i,
    ],
    ["an expectation that is left out", probe("expect:"), /^s\.yaml:4: expect is empty; write/],
    ["an error that nobody counts", expecting("errors.timeot == 0"), /^s\.yaml:5: .*did you mean timeout.*reset/],
    [
      "levels of a capture",
      capture("where: nagle=on", "expect: p50 < 1s"),
      /^s\.yaml:6: .*a capture has no levels.*service:/,
    ],
    ["a map as a key", "? {a: b}\n: c", /^s\.yaml:1: .*a key is a word/],
  ])("%s", (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test("different cells may be expected to differ", () => {
    const lines = ["{ where: nagle=off, expect: p99 < 5ms }", "{ where: nagle=on, expect: p50 > 10ms }"];
    expect(parse(expecting(...lines)).checks[0]?.expectations).toHaveLength(2);
  });

  test("any text is a suite or one clear sentence", () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "version: 1",
        "checks:",
        "  - probe: lab:memcached",
        "    expect: p99 < 5ms",
        "    expect:",
        "      - &a errors == 0",
        "      - *a",
        "    pcap: x",
        "defaults: {requests: 5}",
        "? - x",
      ),
      fc
        .tuple(fc.constantFrom("    expect: ", "    requests: ", "      - "), fc.string())
        .map(([key, value]) => key + value),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          parse(lines.join("\n"));
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("any expectation is read or refused with a sentence", () => {
    const part = fc.oneof(
      fc.constantFrom(
        "p99",
        "<",
        "5ms",
        "errors",
        "findings",
        "baseline",
        "+10%",
        "0.1%",
        "==",
        "max",
        "p",
        "9".repeat(400),
        " ",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        try {
          readExpectation(parts.join(" "), "s.yaml:1", 1, { text: "", factors: new Map() });
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
