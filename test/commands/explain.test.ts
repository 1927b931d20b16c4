import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { explainCommand } from "../../src/commands/explain.js";
import { FINDING_CODES } from "../../src/report/model.js";

async function printed(...args: string[]): Promise<string> {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  await explainCommand().parseAsync(args, { from: "user" });
  return written.join("");
}
afterEach(() => vi.restoreAllMocks());

describe("netlat explain", () => {
  test.each(FINDING_CODES)("%s has a page that explains, proves and fixes", async (code) => {
    const page = await printed(code);
    expect(page).toMatch(new RegExp(`^# ${code}: `));
    for (const part of ["## What it means", "## How it is proved", "## How to fix it", "## Sources"]) {
      expect(page).toContain(`\n${part}\n`);
    }
  });
  test("there is no page without a finding", () => {
    const pages = readdirSync(new URL("../../docs/findings/", import.meta.url)).sort();
    expect(pages).toEqual(FINDING_CODES.map((code) => `${code}.md`).sort());
  });
  test("without a code: every code with one line", async () => {
    const lines = (await printed()).trimEnd().split("\n");
    expect(lines.map((line) => line.split(/\s/)[0])).toEqual([...FINDING_CODES]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
  test("an unknown code is wrong usage and names what is accepted", async () => {
    await expect(printed("nagel")).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("nagle-delayed-ack"),
    });
  });
});
