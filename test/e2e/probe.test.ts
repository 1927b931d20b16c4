import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { onlyIf } from "../skip.js";
import { findingsOf, looksLikeAnError, netlat, probe, reportOf, runOf, start, verdictsOf } from "./netlat.js";

const ms = (value: number) => value * 1e6;
const linux = onlyIf(process.platform === "linux", "delayed ACKs and socket options are Linux's");

describe("the lab", linux, () => {
  test("no endpoint: finds the stall of the embedded lab", async () => {
    const report = await probe(["--requests", "30"]);
    expect(report.source).toMatchObject({ kind: "probe", endpoint: "lab:memcached" });
    const [finding] = findingsOf(report, "nagle-delayed-ack");
    expect(finding?.subject).toEqual({ run: "nagle=on,split=fields,quickack=default" });
    expect(finding?.count).toBeGreaterThanOrEqual(25);
    expect(report.detectors.every(({ status }) => status !== "failed")).toBe(true);
  });

  test("our own --quickack removes a stall that the server's Nagle makes in its answer", async () => {
    const lab = "lab:memcached?split-response=20,480&nagle=on&value-size=600";
    const report = await probe([
      lab,
      "--requests",
      "30",
      "--nagle",
      "off",
      "--split",
      "none",
      "--quickack",
      "default,on",
    ]);
    expect(runOf(report, { quickack: "default" }).latency.p50).toBeGreaterThan(ms(30));
    expect(runOf(report, { quickack: "on" }).latency.p50).toBeLessThan(ms(10));
    const [finding] = findingsOf(report, "nagle-delayed-ack");
    expect(finding?.subject).toEqual({ run: runOf(report, { quickack: "default" }).id });
    expect(verdictsOf(report)["nagle-delayed-ack"]).toBe("confirmed");
  });

  test("a server that acknowledges at once does not stall a careless client", async () => {
    const report = await probe(["lab:memcached?quickack=on", "--requests", "30"]);
    expect(runOf(report, { nagle: "on", split: "fields" }).latency.p50).toBeLessThan(ms(10));
    expect(findingsOf(report, "nagle-delayed-ack")).toEqual([]);
  });

  test("cork takes the stall away and says that it joined the pieces", async () => {
    const report = await probe(["--requests", "20", "--nagle", "on", "--split", "fields", "--cork", "on,off"]);
    const corked = runOf(report, { cork: "on" });
    expect(corked.latency.p50).toBeLessThan(ms(10));
    expect(corked.wire).toMatchObject({ writes: 60, segments: 20, split: "as-asked" });
    expect(runOf(report, { cork: "off" }).latency.p50).toBeGreaterThan(ms(30));
  });

  test("a slow server is found as such, not as a stall", async () => {
    const report = await probe(["lab:redis?think=20ms", "--requests", "20", "--nagle", "off"]);
    const [finding] = findingsOf(report, "slow-server");
    expect(finding?.count).toBeGreaterThanOrEqual(19);
    expect(findingsOf(report, "nagle-delayed-ack")).toEqual([]);
    expect(verdictsOf(report)).toMatchObject({ "slow-server": "confirmed", "slow-path": "refuted" });
  });

  test("our own pauses, connects and handshakes are not the server's thinking", async () => {
    for (const engine of ["kernel", "net"]) {
      const paused = await probe(["--requests", "10", "--split", "fields", "--gap", "25ms", "--engine", engine]);
      expect(runOf(paused, { nagle: "off" }).latency.p50, engine).toBeGreaterThan(ms(50));
      expect(
        findingsOf(paused, "slow-server").map(({ count }) => count >= 5),
        engine,
      ).not.toContain(true);
    }
    const args = ["--requests", "20", "--nagle", "off", "--split", "none", "--reuse", "off", "--slow-server", "1ms"];
    const secure = await probe(["lab:http?tls=on", ...args]);
    expect(findingsOf(secure, "slow-server").map(({ count }) => count >= 10)).not.toContain(true);
  });

  test("thinks at every tenth request: a tenth is found", async () => {
    const args = ["lab:http?think=20ms&think-every=10", "--requests", "100", "--nagle", "off", "--split", "none"];
    const [finding] = findingsOf(await probe(args), "slow-server");
    expect(finding?.count).toBeGreaterThanOrEqual(8);
    expect(finding?.count).toBeLessThanOrEqual(14);
  });

  test("a server that closes after every tenth answer: churn, without errors", async () => {
    for (const engine of ["kernel", "net"]) {
      const lab = "lab:echo?close-after=10";
      const report = await probe([lab, "--requests", "100", "--nagle", "off", "--split", "none", "--engine", engine]);
      expect(report.runs[0]?.errors, engine).toEqual({});
      expect(report.runs[0]?.connections, engine).toBeGreaterThanOrEqual(9);
      expect(findingsOf(report, "connection-churn"), engine).toHaveLength(1);
    }
  });

  test("open loop: the latency from the intended start shows a stop of the server, the service time does not", async () => {
    const lab = "lab:memcached?pause=1s&pause-after=4000";
    const args = ["--rate", "2000/s", "--connections", "8", "--duration", "5s", "--nagle", "off", "--split", "none"];
    const [run] = (await probe([lab, ...args])).runs;
    expect(run?.latency.count).toBeGreaterThan(9000);
    expect(run?.corrected?.p99).toBeGreaterThan(ms(300));
    expect(run?.latency.p99).toBeLessThan(ms(100));
    expect(run?.latency.max).toBeGreaterThan(ms(900));
    expect(run?.targetRatePerSecond).toBe(2000);
  });

  test("TLS: one record per piece, on the net engine, and says what is not seen", async () => {
    const args = ["lab:http?tls=on", "--requests", "20", "--nagle", "off"];
    const report = await probe(args);
    expect(report.source).toMatchObject({ engine: "net", transport: "tls" });
    const run = runOf(report, { split: "fields" });
    const pieces = run.wire?.pieces ?? 0;
    expect(pieces).toBeGreaterThan(1);
    expect(run.wire).toMatchObject({ writes: pieces * 20, segments: pieces * 20, split: "as-asked" });
    expect(run.phases.tls?.count).toBeGreaterThanOrEqual(1);
    const source = report.source as { notSeen: string[] };
    expect(source.notSeen.join()).toContain("timestamping");
  });
});

describe("targets in trouble", () => {
  const quick = ["--requests", "10", "--timeout", "300ms", "--nagle", "off", "--split", "none"];
  for (const [lab, kind, least] of [
    ["lab:memcached?garbage=on", "malformed", 10],
    ["lab:memcached?cut-answer=on", "closed", 1],
    ["lab:memcached?silent=on", "timeout", 1],
  ] as const) {
    for (const engine of ["kernel", "net"]) {
      test(`${lab} (${engine}): ${kind} is counted, exit 4, no hang`, linux, async () => {
        const ended = await netlat(["probe", lab, ...quick, "--engine", engine, "--format", "json"]);
        const [run] = reportOf(ended).runs;
        expect(run?.errors[kind]).toBeGreaterThanOrEqual(least);
        expect(run?.latency.count).toBe(0);
        expect(ended.code).toBe(4);
        expect(looksLikeAnError(ended.stderr)).toBe(true);
        expect(ended.stderr).toContain(kind);
      });
    }
  }

  test("never answers: both engines give up alike, and say so", linux, async () => {
    for (const engine of ["kernel", "net"]) {
      const args = ["lab:memcached?silent=on", ...quick, "--requests", "200", "--engine", engine, "--format", "json"];
      const [run] = reportOf(await netlat(["probe", ...args])).runs;
      expect(run, engine).toMatchObject({ requests: 1, errors: { timeout: 1 }, warmup: { requests: 1 } });
      expect(run?.errorExamples?.timeout, engine).toContain("gave up after request 1 of 200: not one was answered");
    }
  });

  test("requests are the measured ones, also where the warm-up failed", linux, async () => {
    const args = ["lab:memcached?garbage=on", ...quick, "--requests", "5", "--format", "json"];
    const [run] = reportOf(await netlat(["probe", ...args])).runs;
    expect(run).toMatchObject({ requests: 5, errors: { malformed: 5 } });
  });

  test("a refusal that comes before the request was whole is told in the server's words", linux, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    try {
      for (const engine of ["kernel", "net"]) {
        const early = ["--split", "2", "--gap", "30ms", "--nagle", "off", "--requests", "3", "--engine", engine];
        const { stdout } = await netlat(["probe", `http://127.0.0.1:${port}/`, ...early, "--format", "json"]);
        const says = /413 .*before the request was written whole/;
        expect(JSON.parse(stdout).runs[0].errorExamples["error-answer"], engine).toMatch(says);
      }
    } finally {
      server.close();
    }
  });

  test(
    "TLS to a port without it, or with another name: the remedy, and no advice about the address",
    linux,
    async () => {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.end("SSH-2.0-plain\r\n");
      });
      const port = await new Promise<number>((resolve) => {
        server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
      });
      try {
        const plain = await netlat(["probe", `https://127.0.0.1:${port}/`]);
        expect(plain).toMatchObject({ code: 4, stdout: "" });
        expect(plain.stderr).toMatch(/does it speak TLS on this port/);
        expect(plain.stderr).not.toMatch(/check that the server runs|SSL routines/);
      } finally {
        server.close();
      }
      const named = await netlat(["probe", "lab:http?tls=on", "--servername", "other.example"]);
      expect(named.stderr).toMatch(/other\.example.*--servername NAME/);
      expect(named.stderr).not.toMatch(/check that the server runs|--ca/);
    },
  );

  test("answers that are all errors are counted to the end, in every round", linux, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    try {
      const args = [`http://127.0.0.1:${port}/`, ...quick, "--requests", "100", "--format", "json"];
      const ended = await netlat(["probe", ...args]);
      expect(reportOf(ended).runs[0]).toMatchObject({ requests: 100, errors: { "error-answer": 100 }, connections: 1 });
    } finally {
      server.close();
    }
  });

  test("nothing listens: exit 4 and one sentence", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    for (const engine of ["auto", "net"]) {
      const { code, stdout, stderr } = await netlat(["probe", `tcp://127.0.0.1:${port}`, "--engine", engine]);
      expect(code).toBe(4);
      expect(stdout).toBe("");
      expect(stderr).toContain(`tcp://127.0.0.1:${port}`);
      expect(stderr).toContain("check that the server runs");
      expect(looksLikeAnError(stderr)).toBe(true);
    }
  });

  test("a name that does not exist: exit 4 and one sentence", async () => {
    const { code, stderr } = await netlat(["probe", "memcached://no-such-host.invalid/key"]);
    expect(code).toBe(4);
    expect(looksLikeAnError(stderr)).toBe(true);
  });
});

test("more connections than this process may open files: exit 2 with the limit", linux, async () => {
  const { code, stderr } = await netlat(["probe", "lab:echo", "--connections", "10000", "--split", "none"]);
  const limit = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
  if (limit > 20_100) return;
  expect(stderr).toMatch(new RegExp(`--connections 10000: .*20000 sockets.*${limit} files[^]*ulimit -n`));
  expect(code).toBe(2);
});

describe("wrong usage: exit 2, one sentence that names the value and what is accepted", () => {
  const cases: readonly (readonly [args: string[], names: RegExp])[] = [
    [["--split", "0"], /--split 0: .*use none/],
    [["--nagle", "maybe"], /--nagle maybe: .*on, off/],
    [["--rate", "-1"], /--rate -1: .*5000\/s/],
    [["--requests", "0"], /--requests 0: /],
    [["--engine", "fast"], /--engine fast: .*kernel/],
    [["ftp://127.0.0.1/x"], /ftp.*accepted/],
    [["tcp://"], /tcp:\/\//],
    [["memcached://127.0.0.1:99999/k"], /99999/],
    [["lab:oracle"], /oracle.*memcached/],
    [["lab:echo?think=soon"], /think soon/],
    [["--bogus"], /--bogus/],
    [["memcached://127.0.0.1/k", "--send", "x"], /--send/],
    [["--output", "/no/such/folder/x"], /--output .*no such folder/],
    [["--cert", "/etc/hostname"], /--cert/],
    [["lab:echo", "--insecure"], /--insecure/],
    [["--arrival", "poisson"], /--rate/],
  ];
  for (const [args, names] of cases) {
    test(args.join(" "), async () => {
      const { code, stdout, stderr } = await netlat(["probe", ...args]);
      expect(stderr).toMatch(names);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(looksLikeAnError(stderr)).toBe(true);
    });
  }
});

describe("without koffi", linux, () => {
  const env = { NETLAT_WITHOUT_KOFFI: "1" };

  test("works on the net engine and says what is missing", async () => {
    const report = await probe(["--requests", "20"], env);
    expect(report.source).toMatchObject({ engine: "net" });
    const source = report.source as { capabilities: Record<string, string>; notSeen: string[] };
    expect(source.capabilities).toMatchObject({ nodelay: "yes" });
    for (const name of ["quickack", "cork", "maxSegment", "tcpInfo", "timestamping"]) {
      expect(source.capabilities[name]).toMatch(/^no: /);
    }
    expect(source.notSeen).toHaveLength(2);
    expect(source.notSeen.join()).toMatch(/segments.*\(tcpInfo: no: .*ACK.*\(timestamping: no: /);
    expect(findingsOf(report, "nagle-delayed-ack")[0]).toMatchObject({ confidence: "likely" });
    expect(report.runs.every((run) => run.wire?.segments === null)).toBe(true);
  });

  test("what needs it is refused with the remedy", async () => {
    for (const args of [
      ["--engine", "kernel"],
      ["--quickack", "on"],
      ["--cork", "on"],
    ]) {
      const { code, stderr } = await netlat(["probe", ...args], env);
      expect(stderr).toContain("koffi");
      expect(code).toBe(2);
    }
  });
});

describe("the report", () => {
  test(
    "table and Markdown are for people, piped without colour; nothing but the report on standard output",
    linux,
    async () => {
      const table = await netlat(["probe", "--requests", "10"]);
      expect(table.code).toBe(0);
      expect(table.stdout).toContain("Theories");
      expect(table.stdout).not.toContain("\u001b[");
      expect(table.stderr).toBe("");
      const widest = Math.max(...table.stdout.split("\n").map((line) => [...line].length));
      expect(widest).toBeLessThanOrEqual(80);
      const markdown = await netlat(["probe", "--requests", "10", "--format", "markdown"]);
      expect(markdown.stdout).toMatch(/^#/);
    },
  );

  test("--output and --hlog write files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "netlat-e2e-"));
    try {
      const [report, hlog] = [join(folder, "report.json"), join(folder, "run.hlog")];
      const ended = await netlat(["probe", "--requests", "10", "-f", "json", "-o", report, "--hlog", hlog]);
      expect(ended).toMatchObject({ code: 0, stdout: "" });
      expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ schema: "netlat.report/1" });
      expect(readFileSync(hlog, "utf8").match(/^Tag=/gm)).toHaveLength(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("Ctrl-C gives the partial report and exit 130", async () => {
    for (const engine of ["kernel", "net"]) {
      const running = start(["probe", "--requests", "2000", "--engine", engine, "--format", "json"]);
      await sleep(2500);
      running.child.kill("SIGINT");
      const ended = await running.ended;
      const report = reportOf(ended);
      expect(report.source).toMatchObject({ interrupted: true });
      expect(report.runs.reduce((sum, run) => sum + run.latency.count, 0)).toBeGreaterThan(0);
      expect(ended.code).toBe(130);
    }
  });
});
