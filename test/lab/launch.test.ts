/** A lab in a process of its own is started from the built program, so these tests need dist. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LabKind } from "../../src/lab/kinds.js";
import type { LabProcess } from "../../src/lab/launch.js";
import type { LabOptions } from "../../src/lab/options.js";
import { loadQuiche } from "../../src/quic/binding.js";
import { ms } from "../../src/units/duration.js";
import { onlyIf } from "../skip.js";
import { client, hit } from "./client.js";

const DIST = new URL(process.env.NETLAT_DIST ?? "../../dist/", import.meta.url);
const LAUNCH = new URL("lab/launch.js", DIST);

const hasQuic = !("unavailable" in (await loadQuiche()));

async function launch(kind: LabKind, options: Partial<LabOptions> = {}): Promise<LabProcess> {
  const { launchLab } = (await import(LAUNCH.href)) as typeof import("../../src/lab/launch.js");
  const lab = await launchLab(kind, options);
  onTestFinished(() => lab.close());
  return lab;
}

async function isServing(port: number): Promise<boolean> {
  const asker = await client({ address: "127.0.0.1", port }).catch(() => undefined);
  asker?.socket.destroy();
  return asker !== undefined;
}

describe("a lab in another process", onlyIf(existsSync(LAUNCH), "needs the built program (npm run build)"), () => {
  it("serves, and ends when it is closed", async () => {
    const lab = await launch("memcached");
    expect(lab.url).toBe(`memcached://127.0.0.1:${lab.port}/lab-key`);
    expect([lab.pid === process.pid, lab.ca]).toEqual([false, undefined]);
    const asker = await client(lab);
    await asker.ask("get a\r\n", hit("a").length);
    expect(asker.text).toBe(hit("a"));
    await lab.close();
    expect(await isServing(lab.port)).toBe(false);
    await lab.close();
  });

  it("stops without stopping us, and is closed even then", async () => {
    const lab = await launch("redis", { pauseNs: ms(60_000), pauseAfter: 0 });
    const asker = await client(lab);
    await asker.write(["PING\r\n"]);
    await sleep(30);
    expect(asker.text).toBe("");
    await lab.close();
    expect(await isServing(lab.port)).toBe(false);
  });

  it("outlives Ctrl-C, which goes to all processes of the terminal", async () => {
    const lab = await launch("memcached");
    process.kill(lab.pid, "SIGINT");
    await sleep(30);
    const asker = await client(lab);
    await asker.ask("get a\r\n", hit("a").length);
    expect(asker.text).toBe(hit("a"));
  });

  it("gives the CA to trust", async () => {
    const lab = await launch("http", { tls: true });
    expect(lab.url).toBe(`https://127.0.0.1:${lab.port}/`);
    expect(lab.ca).toContain("BEGIN CERTIFICATE");
  });

  it("has QUIC's servers too, with the same CA", onlyIf(hasQuic, "needs @matrixai/quic"), async () => {
    const lab = await launch("h3");
    expect(lab.url).toBe(`h3://127.0.0.1:${lab.port}/`);
    expect(lab.ca).toContain("BEGIN CERTIFICATE");
    await lab.close();
  });

  it("hands on why it cannot start", async () => {
    const { port } = await launch("echo");
    await expect(launch("echo", { port })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/is in use/),
    });
  });

  it("ends with the process that started it", async () => {
    const script = `import(${JSON.stringify(LAUNCH.href)}).then((m) => m.launchLab("echo")).then((lab) => console.log(lab.port))`;
    const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const port = Number(line.toString());
    expect(port).toBeGreaterThan(0);
    if (parent.exitCode === null) await once(parent, "exit"); // the lab does not keep it alive
    for (let tries = 0; tries < 100 && (await isServing(port)); tries++) await sleep(20);
    expect(await isServing(port)).toBe(false);
  });
});
