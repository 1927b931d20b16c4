import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  formatOption,
  option,
  readChoice,
  readCount,
  readOutputFile,
  readPositiveDuration,
  readSwitch,
} from "../../src/commands/options.js";
import { NetlatError } from "../../src/errors.js";

/** The sentence that reading `text` ends in. */
function refusal(read: (text: string, name: string) => unknown, text: string, name: string): string {
  try {
    return `accepted: ${JSON.stringify(read(text, name))}`;
  } catch (error) {
    if (!(error instanceof NetlatError) || error.exitCode !== 2) throw error;
    return error.message;
  }
}

describe("readers accept", () => {
  it("durations, counts, choices and switches", () => {
    expect(readPositiveDuration("40ms", "--gap")).toBe(40e6);
    expect(readCount()("200", "--requests")).toBe(200);
    expect(readCount(0)("0", "--warmup")).toBe(0);
    expect(readChoice(["a", "b"])("b", "--x")).toBe("b");
    expect([readSwitch("on", "--x"), readSwitch("off", "--x")]).toEqual([true, false]);
  });
});

describe("readers refuse with the option, the value and what is accepted", () => {
  it.each([
    [readPositiveDuration, "0ms", "--timeout", "--timeout 0ms: must be longer than 0, such as 250us, 40ms or 2s"],
    [readCount(), "0", "--requests", "--requests 0: not a whole number from 1"],
    [readCount(), "1.5", "--requests", "--requests 1.5: not a whole number from 1"],
    [readCount(), "1e999", "--requests", "--requests 1e999: not a whole number from 1"],
    [readCount(), "99999999999999999999", "--requests", "--requests 99999999999999999999: not a whole number from 1"],
    [readCount(1, 65535), "65536", "--port", "--port 65536: not a whole number from 1 to 65535"],
    [readChoice(["table", "json"]), "yaml", "--format", "--format yaml: not accepted; use table or json"],
    [readSwitch, "", "--x", "--x : not accepted; use on or off"],
  ])("%#", (read, text, name, sentence) => {
    expect(refusal(read, text, name)).toBe(sentence);
  });
});

describe("an option", () => {
  it("has a default that was read like any value, and shows it as it was written", () => {
    const timeout = option("-t, --timeout <duration>", "longest wait", readPositiveDuration, "1s");
    expect([timeout.defaultValue, timeout.defaultValueDescription]).toEqual([1e9, "1s"]);
    expect(refusal(() => timeout.parseArg?.("soon", undefined), "", "")).toMatch(/^--timeout soon: not a duration/);
  });
  it("--format knows the formats", () => {
    expect(formatOption().parseArg?.("json", undefined)).toBe("json");
    expect(refusal(() => formatOption().parseArg?.("xml", undefined), "", "")).toBe(
      "--format xml: not accepted; use table, json, markdown, junit, sarif, github or html",
    );
  });
});

describe("readOutputFile looks before the work starts", () => {
  const folder = mkdtempSync(join(tmpdir(), "netlat-options-"));
  it("takes a new file in a folder, and - for standard output", () => {
    expect(readOutputFile(join(folder, "new.json"), "--output")).toBe(join(folder, "new.json"));
    expect(readOutputFile("-", "--output")).toBe("-");
  });
  it("refuses a folder, a folder that is not there and an empty name", () => {
    expect(refusal(readOutputFile, folder, "--output")).toBe(`--output ${folder}: is a folder; name a file`);
    expect(refusal(readOutputFile, join(folder, "absent", "x"), "--output")).toMatch(/: there is no such folder; /);
    expect(refusal(readOutputFile, "", "--output")).toBe("--output: the file's name is empty");
  });
});
