import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { FIRST_SUITE } from "../../src/check/first-suite.js";
import { suiteJsonSchema } from "../../src/check/suite-schema.js";
import { vocabulary } from "../../src/commands/check-options.js";

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(suiteJsonSchema(vocabulary())));
const example = (name: string) => readFileSync(new URL(`../../examples/ci/${name}`, import.meta.url), "utf8");

describe("the JSON Schema of a suite", () => {
  test("accepts the suites that we publish, as an editor reads their YAML", () => {
    for (const text of [FIRST_SUITE, example("netlat.yaml"), example("netlat-split.yaml")]) {
      expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  test("refuses a misspelt option and a check without expectations", () => {
    const check = { probe: "lab:memcached", expect: "p99 < 5ms" };
    expect(validate({ version: 1, checks: [check] })).toBe(true);
    expect(validate({ version: 1, checks: [{ ...check, spilt: "none" }] })).toBe(false);
    expect(validate({ version: 1, checks: [{ probe: "lab:memcached" }] })).toBe(false);
  });
});
