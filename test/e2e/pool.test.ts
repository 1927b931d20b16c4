import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { looksLikeAnError, netlat, reportOf } from "./netlat.js";

const CAPTURE = fileURLToPath(new URL("../../fixtures/captures/wwr_nagle_veth.client.pcap", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "netlat-e2e-pool-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FLAGS = ["--rate", "5000/s", "--latency", "45ms", "--connections", "20", "--after", "1ms"];

describe("netlat pool", () => {
  test("the case that it was born from: 225 in flight, 444/s, 205 wait, 5 after", async () => {
    const ended = await netlat(["pool", ...FLAGS, "--format", "json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { pool, findings } = reportOf(ended);
    expect(pool?.now).toMatchObject({ inFlight: 225, waiting: 205, stable: false });
    expect(Math.round(pool?.now.capacityPerSecond ?? 0)).toBe(444);
    expect(pool?.after).toMatchObject({ inFlight: 5, connectionsNeeded: 5, waiting: 0 });
    expect(pool?.recommendation?.now.connections).toBeGreaterThan(225);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([["pool-undersized", "error"]]);
  });

  test("on a terminal of 80 columns: the verdict first, all lines fit, the same figures for the same seed", async () => {
    const [first, again] = await Promise.all([
      netlat(["pool", ...FLAGS, "--growth", "30%"], { COLUMNS: "80" }),
      netlat(["pool", ...FLAGS, "--growth", "30%"], { COLUMNS: "80" }),
    ]);
    expect(first.code).toBe(0);
    const lines = first.stdout.split("\n");
    expect(lines.indexOf("Verdict")).toBeLessThan(lines.indexOf("Pool"));
    expect(lines[lines.indexOf("Verdict") + 1]).toContain("Overloaded: 20 connections carry 444/s");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const withoutTime = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "");
    expect(withoutTime(again.stdout)).toBe(withoutTime(first.stdout));
  });

  test("from a capture, its report and its histogram log: the stall needs the connections, its fix gives them back", async () => {
    const [json, hlog] = [join(folder, "capture.json"), join(folder, "capture.hlog")];
    const read = await netlat(["pcap", CAPTURE, "--format", "json", "--output", json, "--hlog", hlog]);
    expect(read.code).toBe(0);
    const { pool, findings } = reportOf(await netlat(["pool", json, "--rate", "500/s", "--format", "json"]));
    expect(pool?.variability?.serviceFrom).toBe("measured");
    // 500/s of 43 ms each
    expect(pool?.now.inFlight).toBeGreaterThan(20);
    expect(pool?.now.inFlight).toBeLessThan(23);
    expect(pool?.fixes?.map(({ code }) => code)).toEqual(["nagle-delayed-ack"]);
    expect(pool?.fixes?.[0]?.load.inFlight).toBeLessThan(1);
    // The capture's one connection carries 23/s.
    expect(findings[0]).toMatchObject({ code: "pool-undersized", severity: "error", confidence: "certain" });

    const log = reportOf(await netlat(["pool", hlog, "--rate", "500/s", "--format", "json"]));
    expect((log.pool?.now.inFlight ?? 0) / (pool?.now.inFlight ?? 1)).toBeCloseTo(1, 2);
    // Without a rate: what a full pool let through is not taken for what arrives.
    const own = await netlat(["pool", json]);
    expect(own.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /99.7 % busy: more may want to come than the 22.9\/s that were seen/,
    );
  });

  test.each([
    [["pool"], 2, "--rate"],
    [["pool", "--rate", "5000/s", "--latency", "45ms", "--tasks", "3"], 2, "--per-task must be given too"],
    [["pool", "--rate", "0/s", "--latency", "45ms"], 2, "--rate 0/s"],
    [["pool", "no-such-file.json"], 3, "no-such-file.json: no such file"],
    [["pool", CAPTURE, "--rate", "5/s"], 3, "netlat pcap FILE --format json"],
  ])("%j is refused with exit %i", async (args, code, says) => {
    const ended = await netlat(args);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe("");
    expect(looksLikeAnError(ended.stderr)).toBe(true);
    expect(ended.stderr).toContain(says);
  });

  test("a damaged report is unreadable input, not a crash", async () => {
    const path = join(folder, "damaged.json");
    writeFileSync(path, '{"schema":"netlat.report/1","runs":[{"latency":');
    const ended = await netlat(["pool", path]);
    expect(ended.code).toBe(3);
    expect(looksLikeAnError(ended.stderr)).toBe(true);
  });
});
