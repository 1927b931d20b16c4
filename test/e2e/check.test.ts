/** `netlat check` and `netlat init` as a CI job would run them; the example repository of examples/ci first. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../../src/lab/lab.js";
import { startLab } from "../../src/lab/server.js";
import type { Report } from "../../src/report/model.js";
import { onlyIf } from "../skip.js";
import { looksLikeAnError, netlat, reportOf, start } from "./netlat.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/ci/", import.meta.url));
const linux = onlyIf(process.platform === "linux", "delayed ACKs are Linux's");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-check-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function check(
  suite: string,
  ...args: string[]
): Promise<{ code: number | null; stderr: string; report: Report }> {
  const ended = await netlat(["check", suite, "--format", "json", ...args]);
  return { code: ended.code, stderr: ended.stderr, report: reportOf(ended) };
}

function suiteOf(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ["version: 1", "checks:", ...lines].join("\n"));
  return path;
}

const outcomes = ({ gate }: Report) =>
  Object.fromEntries((gate?.checks ?? []).map(({ name, outcome }) => [name, outcome]));
const WIRE = "client on the wire";
const CACHE = "cache as the client asks it";

describe("the example repository", linux, () => {
  let example = "";
  let lab: Lab | undefined;

  beforeAll(async () => {
    lab = await startLab("memcached");
    const place = `${lab.address}:${lab.port}`;
    example = join(folder, "ci");
    cpSync(EXAMPLE, example, { recursive: true });
    for (const file of readdirSync(example).filter((name) => name.endsWith(".yaml"))) {
      const path = join(example, file);
      writeFileSync(path, readFileSync(path, "utf8").replace("127.0.0.1:11211", place));
    }
  });
  afterAll(() => lab?.close());

  test("the fixed client passes: exit 0", async () => {
    const { code, report } = await check(join(example, "netlat.yaml"));
    expect(outcomes(report)).toEqual({ [WIRE]: "pass", [CACHE]: "pass" });
    expect([code, report.verdict.status]).toEqual([0, "pass"]);
  });

  test("the client that splits its writes fails, by its capture and by the probe: exit 1", async () => {
    const { code, report } = await check(join(example, "netlat-split.yaml"));
    expect(outcomes(report)).toEqual({ [WIRE]: "fail", [CACHE]: "fail" });
    expect(report.findings.filter((finding) => finding.code === "nagle-delayed-ack")).toHaveLength(2);
    expect(code).toBe(1);
  });

  test("three requests are too few: exit 5", async () => {
    const { code, report } = await check(join(example, "netlat.yaml"), "--requests", "3");
    expect(outcomes(report)).toEqual({ [WIRE]: "pass", [CACHE]: "inconclusive" });
    expect(report.gate?.checks[1]?.reasons.join()).toMatch(/too few requests/);
    expect(code).toBe(5);
  });

  test("a dead server: exit 4", async () => {
    await lab?.close();
    lab = undefined;
    const { code, report, stderr } = await check(join(example, "netlat.yaml"));
    expect(outcomes(report)).toEqual({ [WIRE]: "pass", [CACHE]: "inconclusive" });
    expect(code).toBe(4);
    expect(looksLikeAnError(stderr)).toBe(true);
  });
});

describe("init", linux, () => {
  test("writes a suite that passes, and does not replace one unasked", async () => {
    const file = join(folder, "first.yaml");
    expect((await netlat(["init", file])).code).toBe(0);
    const { code, report } = await check(file);
    expect([code, report.gate?.checks.length]).toEqual([0, 2]);
    const again = await netlat(["init", file]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/--force/);
    expect((await netlat(["init", file, "--force"])).code).toBe(0);
  });
});

describe("a baseline", () => {
  const lines = (think: string) => [
    "  - name: cache",
    `    probe: lab:memcached?think=${think}`,
    "    nagle: on",
    "    split: none",
    "    requests: 60",
    "    baseline: kept/cache.json",
    "    expect: baseline p50 < +10ms",
  ];

  test("is missed, written, held against, and not loosened unasked", async () => {
    const suite = suiteOf("base.yaml", ...lines("1ms"));
    const missing = await netlat(["check", suite]);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/base\.yaml:8: baseline kept\/cache\.json: no such file; .*--update-baseline/);

    const written = await check(suite, "--update-baseline");
    expect([written.code, written.report.gate?.checks[0]?.baselineUpdate?.status]).toEqual([0, "written"]);
    expect((await check(suite)).code).toBe(0);

    suiteOf("base.yaml", ...lines("25ms"));
    expect((await check(suite)).code).toBe(1);
    const kept = readFileSync(join(folder, "kept/cache.json"), "utf8");
    const refused = await check(suite, "--update-baseline");
    expect([refused.code, refused.report.gate?.checks[0]?.baselineUpdate?.status]).toEqual([1, "refused"]);
    expect(readFileSync(join(folder, "kept/cache.json"), "utf8")).toBe(kept);
    const accepted = await check(suite, "--update-baseline", "--allow-looser");
    expect([accepted.code, accepted.report.gate?.checks[0]?.baselineUpdate?.status]).toEqual([0, "written"]);

    writeFileSync(join(folder, "kept/cache.json"), "{");
    expect((await netlat(["check", suite])).code).toBe(3);
    const unread = await netlat(["check", suite, "--update-baseline"]);
    expect([unread.code, unread.stdout]).toEqual([3, ""]);
  });

  test("that cannot be written, or must not be loosened without being written: one sentence, exit 2", async () => {
    const at = (folder: string) =>
      suiteOf("nowhere.yaml", ...lines("0ms").map((line) => line.replace("kept/", folder)));
    // Of /proc the kernel says ENOENT for whatever is to be made in it, though it is there.
    const proc = await netlat(["check", at("/proc/none/"), "--update-baseline"]);
    expect([proc.code, proc.stderr]).toEqual([2, expect.stringContaining("the folder /proc/none cannot be made")]);
    const nowhere = at("/sys/none/");
    const lost = await netlat(["check", nowhere, "--update-baseline"]);
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(/^netlat: .*nowhere\.yaml:8: baseline .*: the folder \/sys\/none cannot be made/);
    const alone = await netlat(["check", nowhere, "--allow-looser"]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("--update-baseline")]);
  });
});

describe("running", () => {
  const quick = (name: string, ...more: string[]) => [
    `  - name: ${name}`,
    "    probe: lab:echo",
    "    nagle: off",
    "    split: none",
    "    requests: 20",
    ...more,
  ];

  test("--only leaves the others out and says so; an unknown name is refused", async () => {
    const suite = suiteOf(
      "two.yaml",
      ...quick("one", "    expect: errors == 0"),
      ...quick("two", "    expect: errors == 0"),
    );
    const { code, report } = await check(suite, "--only", "two");
    expect([code, outcomes(report), report.gate?.notRun]).toEqual([0, { two: "pass" }, ["one"]]);
    const unknown = await netlat(["check", suite, "--only", "tow"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/did you mean two/);
  });

  test("--jobs runs side by side and says that this disturbs; the order is the suite's", async () => {
    const suite = suiteOf(
      "jobs.yaml",
      ...quick("one", "    expect: errors == 0"),
      ...quick("two", "    expect: errors == 0"),
    );
    const { report, stderr } = await check(suite, "--jobs", "2");
    expect(Object.keys(outcomes(report))).toEqual(["one", "two"]);
    expect(stderr).toMatch(/disturb/);
  });

  test("--retries counts every attempt", async () => {
    const suite = suiteOf("retry.yaml", ...quick("never", "    expect: p50 > 1s"));
    const { code, report } = await check(suite, "--retries", "2");
    expect(code).toBe(1);
    expect(report.gate?.checks[0]).toMatchObject({ attempts: 3, attemptOutcomes: ["fail", "fail", "fail"] });
  });

  test("a pass after a failure is called flaky", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      if (connections++ === 0) socket.destroy();
      else socket.on("data", () => socket.write("ok\n")).on("error", () => {});
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const suite = suiteOf(
      "flaky.yaml",
      ...[`  - probe: tcp://127.0.0.1:${port}`, "    name: flaky", "    send: x", "    answer: line", "    nagle: off"],
      ...["    split: none", "    warmup: 0", "    requests: 20", "    expect: errors == 0"],
    );
    try {
      const { code, report } = await check(suite, "--retries", "3");
      const [only] = report.gate?.checks ?? [];
      expect([code, only?.outcome, only?.attempts]).toEqual([0, "pass", 2]);
      expect(only?.attemptOutcomes[0]).not.toBe("pass");
      expect(only?.reasons.join()).toMatch(/pass after retry, flaky: attempt 1/);
    } finally {
      server.close();
    }
  });

  test("a failure is not hidden by an unreadable neighbour, which alone is exit 3", async () => {
    const lost = ["  - pcap: none.pcap", "    expect: findings == 0"];
    expect((await check(suiteOf("lost.yaml", ...lost))).code).toBe(3);
    const both = suiteOf("both.yaml", ...quick("never", "    expect: p50 > 1s"), ...lost);
    expect((await check(both)).code).toBe(1);
  });

  test("Ctrl-C: what was measured is told, nothing passes: exit 130", async () => {
    const suite = suiteOf(
      "long.yaml",
      ...quick("first", "    expect: errors == 0"),
      ...quick("long", "    rate: 50/s", "    expect: errors == 0"),
    );
    writeFileSync(suite, readFileSync(suite, "utf8").replace(/requests: 20(?=\n {4}rate)/, "requests: 5000"));
    const running = start(["check", suite, "--format", "json"]);
    await sleep(2500);
    running.child.kill("SIGINT");
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    const report = reportOf(ended);
    expect(report.source).toMatchObject({ kind: "check", interrupted: true });
    expect(report.gate?.checks.at(-1)?.outcome).toBe("inconclusive");
    expect(report.verdict.status).toBe("inconclusive");
    expect(ended.stderr).toContain("long.yaml: interrupted");
  });

  test("expectations about cells that the check does not have: exit 2, with the cells that it has", async () => {
    const lines = ["    expect:", "      - where: nagle=of", "        expect: p50 < 1s"];
    const { code, report, stderr } = await check(suiteOf("where.yaml", ...quick("cells", ...lines)));
    expect([code, report.runs]).toEqual([2, []]);
    expect(stderr).toMatch(/nagle=of.*in line 10: cells has no such cell; it has nagle=off,split=none/);
  });

  test("a suite that is wrong: one sentence with its line, exit 2, nothing measured", async () => {
    const wrong = await netlat(["check", suiteOf("wrong.yaml", "  - probe: lab:echo", "    expcet: p99 < 5ms")]);
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
    expect(wrong.stderr).toMatch(/wrong\.yaml:4: expcet: .*did you mean expect/);
    expect(looksLikeAnError(wrong.stderr)).toBe(true);

    expect((await netlat(["check", join(folder, "none.yaml")])).stderr).toMatch(/no such file.*netlat init/);
  });
});
