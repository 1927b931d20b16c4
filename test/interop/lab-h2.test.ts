/** The lab's HTTP/2 and gRPC servers, held against clients that share nothing with them: nghttp2's, curl, and gRPC's C-core. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { LAB_CERTIFICATE } from "../../src/lab/certificate.js";
import { ms } from "../../src/units/duration.js";
import { lab } from "../lab/client.js";
import { onlyIf } from "../skip.js";
import { h2load } from "./peers/h2load.js";
import { installed } from "./peers.js";

const folder = mkdtempSync(join(tmpdir(), "netlat-lab-h2-"));
afterAll(() => rmSync(folder, { recursive: true }));
const CA = join(folder, "ca.pem");
writeFileSync(CA, LAB_CERTIFICATE);

const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { timeout: 30_000, maxBuffer: 64 * 1024 ** 2 })).stdout;

const missing = (...programs: string[]) => programs.filter((program) => installed(program) === undefined);
const needs = (...programs: string[]) =>
  onlyIf(missing(...programs).length === 0, `${missing(...programs)} is not installed; scripts/peers.sh installs it`);

describe("h2load", needs("h2load"), () => {
  test("gets every answer over TLS and in clear text, many streams at once", async () => {
    for (const kind of ["h2", "h2c"] as const) {
      const { port } = await lab(kind);
      const origin = `${kind === "h2" ? "https" : "http"}://127.0.0.1:${port}`;
      const numbers = await h2load(`${origin}/`, { requests: 2000, streams: 50, clients: 2 });
      expect(numbers).toMatchObject({ succeeded: 2000, failed: 0, statuses: [2000, 0, 0, 0] });
      expect(numbers.headerSavings).toBeGreaterThan(0.8);
    }
  });

  test("waits in turns of the stream limit: 40 requests of 50 ms, 10 at once", async () => {
    const { port } = await lab("h2c", { maxStreams: 10, thinkNs: ms(50) });
    const numbers = await h2load(`http://127.0.0.1:${port}/`, { requests: 40, streams: 10 });
    expect(numbers).toMatchObject({ succeeded: 40, failed: 0 });
    expect(40 / numbers.requestsPerSecond).toBeGreaterThan(0.199);
    expect(numbers.requestNs.min).toBeGreaterThan(49.9e6);
  });

  test("waits for its own delayed ACK where Nagle holds DATA behind HEADERS, and only there", async () => {
    const slowest = async (nagle: boolean) => {
      const { port } = await lab("h2c", { splitFrames: true, nagle });
      return (await h2load(`http://127.0.0.1:${port}/`, { requests: 60 })).requestNs.max;
    };
    expect(await slowest(true)).toBeGreaterThan(38e6);
    expect(await slowest(false)).toBeLessThan(38e6);
  });

  test("sends bodies within a small window and a large one", async () => {
    const body = join(folder, "body");
    writeFileSync(body, Buffer.alloc(1_000_000));
    for (const windowBytes of [16_384, 4_000_000]) {
      const { port } = await lab("h2", { windowBytes });
      const numbers = await h2load(`https://127.0.0.1:${port}/`, { requests: 10, streams: 3, body });
      expect(numbers).toMatchObject({ succeeded: 10, failed: 0 });
    }
  });
});

describe("nghttp", needs("nghttp"), () => {
  /** What nghttp saw, without colour. */
  const verbose = async (url: string, ...args: string[]) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with it
    (await run("nghttp", "-nv", ...args, url)).replace(/\u001b\[[0-9;]*m/g, "");

  test("reads the settings as they were asked for, and frames that are writes of their own", async () => {
    const { port } = await lab("h2c", { maxStreams: 7, windowBytes: 99_999, headerListBytes: 8192, splitFrames: true });
    const seen = await verbose(`http://127.0.0.1:${port}/`);
    expect(seen).toContain("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):7]");
    expect(seen).toContain("[SETTINGS_INITIAL_WINDOW_SIZE(0x04):99999]");
    expect(seen).toContain("[SETTINGS_MAX_HEADER_LIST_SIZE(0x06):8192]");
    expect(seen).toMatch(
      /recv WINDOW_UPDATE frame <length=4, flags=0x00, stream_id=0>\s+\(window_size_increment=34464\)/,
    );
    expect(seen).toMatch(/:status: 200[\s\S]*recv DATA frame <length=100, flags=0x01/);
  });

  test("gets all of a large page, and GOAWAY with the last stream", async () => {
    const { port } = await lab("h2", { bigBytes: 5_000_000, goawayAfter: 1 });
    const seen = await verbose(`https://127.0.0.1:${port}/big`);
    const sizes = [...seen.matchAll(/recv DATA frame <length=(\d+)/g)].map(([, size]) => Number(size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5_000_000);
    expect(seen).toMatch(/recv GOAWAY frame [^\n]*\s+\(last_stream_id=13, error_code=NO_ERROR/);
  });
});

describe("curl", needs("curl"), () => {
  const WRITE = [
    "--silent",
    "--show-error",
    "--cacert",
    CA,
    "-w",
    "\n%{http_version} %{http_code} %{size_download} %{time_total}",
  ];
  async function curl(url: string, ...args: string[]) {
    const last = (await run("curl", ...WRITE, ...args, url)).split("\n").at(-1) ?? "";
    const [version, code, bytes, seconds] = last.split(" ");
    return { version, code: Number(code), bytes: Number(bytes), seconds: Number(seconds) };
  }

  test("speaks h2 and HTTP/1.1 with one server, and both have the same pages", async () => {
    const { port } = await lab("h2", { slowNs: ms(80), bigBytes: 300_000 });
    for (const [flag, version] of [
      ["--http2", "2"],
      ["--http1.1", "1.1"],
    ] as const) {
      const origin = `https://127.0.0.1:${port}`;
      expect(await curl(`${origin}/`, flag)).toMatchObject({ version, code: 200, bytes: 100 });
      expect(await curl(`${origin}/big`, flag)).toMatchObject({ version, code: 200, bytes: 300_000 });
      expect((await curl(`${origin}/slow`, flag)).seconds).toBeGreaterThan(0.0799);
      expect(await curl(`${origin}/missing`, flag)).toMatchObject({ version, code: 404 });
      expect(await curl(`${origin}/?think=soon`, flag)).toMatchObject({ version, code: 400 });
    }
  });

  test("takes prior knowledge, and sees a cut answer and garbage as errors", async () => {
    const { port } = await lab("h2c");
    const url = (to: number) => `http://127.0.0.1:${to}/`;
    expect(await curl(url(port), "--http2-prior-knowledge")).toMatchObject({ version: "2", code: 200, bytes: 100 });
    for (const fault of [{ cutAnswer: true, valueBytes: 5000 }, { garbage: true }]) {
      const faulty = await lab("h2c", fault);
      await expect(curl(url(faulty.port), "--http2-prior-knowledge")).rejects.toThrow(/curl: \(\d+\)/);
    }
  });
});

const PYTHON = "/usr/bin/python3";
const GRPC_MODULE = "/usr/lib/python3/dist-packages/grpc/__init__.py";

describe("gRPC's C-core", needs(PYTHON, GRPC_MODULE), () => {
  const CLIENT = fileURLToPath(new URL("lab-grpc-client.py", import.meta.url));
  const HEALTH = "/grpc.health.v1.Health/Check";
  /** Calls a method. @returns what lab-grpc-client.py prints: one line for each call */
  const call = async (port: number, method: string, ...args: string[]) =>
    (await run(PYTHON, CLIENT, `127.0.0.1:${port}`, method, ...args)).trim().split("\n");

  test("hears that the server is well, in clear text and over TLS", async () => {
    const clear = await lab("grpc");
    expect(await call(clear.port, HEALTH)).toEqual(["OK 0801"]);
    expect(await call(clear.port, HEALTH, "--data", "0a096d697373696e672e78")).toEqual([
      "NOT_FOUND no service missing.x",
    ]);
    const secure = await lab("grpc", { tls: true });
    expect(await call(secure.port, HEALTH, "--ca", CA)).toEqual(["OK 0801"]);
  });

  test("gets its message back, large ones too, or UNIMPLEMENTED", async () => {
    const { port } = await lab("grpc", { windowBytes: 70_000 });
    expect(await call(port, "/netlat.Echo/Echo", "--data", "00ff68690d0a")).toEqual(["OK 00ff68690d0a"]);
    expect(await call(port, "/netlat.Echo/Echo", "--size", "1000000")).toEqual(["OK 1000000 bytes"]);
    const none = await lab("grpc", { grpcUnimplemented: true });
    expect(await call(none.port, "/netlat.Echo/Echo")).toEqual(["UNIMPLEMENTED no method /netlat.Echo/Echo"]);
  });

  test("has its deadline kept by the server", async () => {
    // C-core gives up by itself too: the think time is far longer, so either way the call is over in time.
    const { port } = await lab("grpc", { thinkNs: ms(10_000) });
    const [line] = await call(port, HEALTH, "--timeout", "0.1");
    expect(line).toMatch(/^DEADLINE_EXCEEDED /);
  });

  test("goes on over a new connection when one has reached its age", async () => {
    const { port } = await lab("grpc", { maxConnectionAgeNs: ms(50), thinkNs: ms(20) });
    expect(await call(port, HEALTH, "--times", "15")).toEqual(Array(15).fill("OK 0801"));
  });
});
