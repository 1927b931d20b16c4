import { describe, expect, it } from "vitest";
import { countsOf, nextSteps, retriesOf } from "../../../src/render/gate/words.js";
import { mixedGate, passingGate } from "../sample-gate.js";

const retried = (outcomes: ("pass" | "fail" | "inconclusive")[]): string | null => {
  const [check] = passingGate().gate!.checks;
  return retriesOf({
    ...check!,
    attempts: outcomes.length,
    attemptOutcomes: outcomes,
    outcome: outcomes.at(-1) ?? "inconclusive",
  });
};

describe("the words of a gate", () => {
  it("counts checks and expectations, those that were not run too", () => {
    expect(countsOf(mixedGate().gate!)).toBe(
      "8 checks: 2 failed, 2 inconclusive, 2 passed, 2 not run; expectations: 7 of 10 hold",
    );
    expect(countsOf(passingGate().gate!)).toBe("1 check: 1 passed; expectations: 1 of 1 hold");
    expect(countsOf({ checks: [], notRun: [] })).toBe("0 checks: none was run");
  });

  it("calls a pass that needed a retry flaky, and a failure of every attempt what it is", () => {
    expect(retried(["pass"])).toBeNull();
    expect(retried(["fail", "pass"])).toBe("pass after 1 retry: flaky (fail, pass)");
    expect(retried(["inconclusive", "fail", "pass"])).toBe("pass after 2 retries: flaky (inconclusive, fail, pass)");
    expect(retried(["fail", "fail"])).toBe("fail in all 2 attempts");
    expect(retried(["inconclusive", "fail"])).toBe("fail after 1 retry (inconclusive, fail)");
  });

  it("says what to do for every way not to pass, each remedy once", () => {
    const steps = nextSteps(mixedGate());
    const of = (name: string): string[] => steps.filter(({ checks }) => checks.includes(name)).map(({ step }) => step);
    expect(of("one write")).toEqual([]);
    expect(of("split writes")).toEqual([expect.stringMatching(/^Write the request in one call.*nagle-delayed-ack\)$/)]);
    expect(of("against last week")).toEqual([
      "see where the time goes: netlat probe memcached://127.0.0.1:11211/somekey",
      "if the change is meant: netlat check ci/netlat.yaml --update-baseline",
    ]);
    expect(of("too few")).toEqual([expect.stringContaining("not a pass")]);
    expect(of("nobody there")).toEqual([expect.stringContaining("memcached://127.0.0.1:1/key")]);
    expect(of("noisy neighbour")).toEqual([expect.stringContaining("needed a retry")]);
    expect(nextSteps(passingGate())).toEqual([]);

    // Where the reason has the remedy already, or nothing is wrong with the target, no step is made up.
    const told = (outcome: "fail" | "inconclusive", rest: object, interrupted = false) => {
      const one = passingGate();
      Object.assign(one.gate!.checks[0]!, { outcome, expectations: [], ...rest });
      Object.assign(one.source, { interrupted });
      return nextSteps(one).map(({ step }) => step);
    };
    expect(told("inconclusive", { exitCode: 2 })).toEqual([]);
    expect(told("inconclusive", { exitCode: 3 })).toEqual([]);
    expect(told("inconclusive", { exitCode: 5 }, true)).toEqual(["interrupted: let it run to its end"]);
    const baselineUpdate = { file: "b.json", status: "refused", says: "", changes: [] };
    expect(told("fail", { exitCode: 1, baselineUpdate })).toEqual([expect.stringContaining("--allow-looser")]);

    const twice = mixedGate();
    twice.gate!.checks.push({ ...twice.gate!.checks[3]!, name: "too few as well" });
    expect(nextSteps(twice).filter(({ step }) => step.includes("not a pass"))).toEqual([
      { checks: ["too few", "too few as well"], step: expect.any(String) },
    ]);
  });
});
