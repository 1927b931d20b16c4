import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/model.js";
import { mixedGate } from "../render/sample-gate.js";
import { looksLikeAnError, netlat } from "./netlat.js";

let folder: string;
let probe: string;
let gate: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "netlat-report-"));
  probe = join(folder, "probe.json");
  gate = join(folder, "gate.json");
  const ended = await netlat(["probe", "lab:memcached", "--requests", "40", "--format", "json", "--output", probe]);
  expect(ended.code, ended.stderr).toBe(0);
  writeFileSync(gate, JSON.stringify(mixedGate()));
});

describe("netlat report", () => {
  it("gives back the saved report of a probe without a loss", async () => {
    const { code, stdout } = await netlat(["report", probe, "--format", "json"]);
    expect(code).toBe(0);
    expect(reportSchema.parse(JSON.parse(stdout))).toEqual(JSON.parse(readFileSync(probe, "utf8")));
  });

  it("shows it in every format, and says the same of the stall", async () => {
    const show = async (format: string): Promise<string> => {
      const { code, stdout, stderr } = await netlat(["report", probe, "--format", format]);
      expect([code, stderr]).toEqual([0, ""]);
      return stdout;
    };
    expect(await show("table")).toContain("netlat explain nagle-delayed-ack");
    expect(await show("markdown")).toContain("`netlat explain nagle-delayed-ack`");
    expect(await show("junit")).toMatch(/<testcase name="nagle-delayed-ack[^>]*>\s*<failure type="error"/);
    const sarif = JSON.parse(await show("sarif"));
    expect(sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain("nagle-delayed-ack");
    expect(await show("github")).toMatch(/^::error title=nagle-delayed-ack::/m);
  });

  it("reads standard input and writes files", async () => {
    const output = join(folder, "gate.xml");
    const hlog = join(folder, "probe.hlog");
    const { code, stdout, stderr } = await netlat(["report", probe, "--format", "junit", "-o", output, "--hlog", hlog]);
    expect([code, stdout, stderr]).toEqual([0, "", ""]);
    expect(readFileSync(output, "utf8")).toContain("<testsuites>");
    expect(readFileSync(hlog, "utf8")).toContain("#[Histogram log format version 1.3]");
    const piped = await netlat(["report", "-"], {}, readFileSync(gate, "utf8"));
    expect([piped.code, piped.stderr]).toEqual([0, ""]);
    expect(piped.stdout).toContain("8 checks: 2 failed");
  });

  it("shows an old gate without annotating today's code", async () => {
    const { code, stdout, stderr } = await netlat(["report", gate], { GITHUB_ACTIONS: "true" });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("8 checks: 2 failed");
  });

  it("says in one sentence what is wrong with its input, exit 3", async () => {
    const broken = join(folder, "broken.json");
    writeFileSync(broken, '{"schema":"netlat.report/1"');
    const other = join(folder, "other.json");
    writeFileSync(other, '{"schema":"netlat.report/9"}');
    const cases: [string, string][] = [
      [join(folder, "absent.json"), "no such file"],
      [folder, "is a directory"],
      [broken, "not JSON"],
      [other, "this netlat reads netlat.report/1"],
    ];
    for (const [path, reason] of cases) {
      const { code, stdout, stderr } = await netlat(["report", path]);
      expect([code, stdout]).toEqual([3, ""]);
      expect(looksLikeAnError(stderr), stderr).toBe(true);
      expect(stderr).toContain(path);
      expect(stderr).toContain(reason);
    }
    const empty = await netlat(["report", "-"]);
    expect(empty.code).toBe(3);
    expect(empty.stderr).toContain("standard input");
    expect((await netlat(["report"])).code).toBe(2);
    expect((await netlat(["report", probe, "--format", "html5"])).stderr).toContain("junit, sarif");
  });
});
