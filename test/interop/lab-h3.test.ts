/** The lab's servers over QUIC, held against clients that share nothing with them: ngtcp2's, a browser, Knot's kdig. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { LAB_CERTIFICATE } from "../../src/lab/certificate.js";
import { ms } from "../../src/units/duration.js";
import { lab } from "../lab/client.js";
import { onlyIf } from "../skip.js";
import { browse } from "./peers/chromium.js";
import { gtlsclient } from "./peers/gtlsclient.js";
import { installed } from "./peers.js";

const needs = (program: string) =>
  onlyIf(installed(program) !== undefined, `${program} is not installed; scripts/peers.sh installs it`);

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "netlat-lab-h3-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

const BIG = Buffer.alloc(3_000_000, "netlat ");

describe("gtlsclient", needs("gtlsclient"), () => {
  test("gets pages small and large, and sends bodies", async () => {
    const { port } = await lab("h3", { bigBytes: BIG.length });
    const run = await gtlsclient(port, ["/small", "/big", "/missing"]);
    expect([run.alpn, [...run.statuses].sort()]).toEqual(["h3", [200, 200, 404]]);
    expect(run.bodies.small).toHaveLength(100);
    expect(run.bodies.big!.equals(BIG)).toBe(true);
    const body = join(folder(), "body");
    writeFileSync(body, BIG);
    expect((await gtlsclient(port, ["/"], { body })).statuses).toEqual([200]);
  });

  test("waits in turns of the stream limit", async () => {
    const { port } = await lab("h3", { maxStreams: 2, thinkNs: ms(50) });
    const start = performance.now();
    const run = await gtlsclient(port, ["/"], { requests: 8 });
    expect(run.statuses).toEqual(Array(8).fill(200));
    expect(performance.now() - start).toBeGreaterThan(199);
    expect(run.transportParameters.initial_max_streams_bidi).toBe(2);
  });

  test("resumes with 0-RTT where the lab takes it, and only there", async () => {
    const second = async (options: Parameters<typeof lab>[1]) => {
      const { port } = await lab("h3", options);
      const session = folder();
      await gtlsclient(port, ["/"], { session });
      const run = await gtlsclient(port, ["/"], { session });
      return [run.earlyData, ...run.statuses];
    };
    expect(await second({})).toEqual(["accepted", 200]);
    expect(await second({ earlyData: false })).toEqual(["rejected", 200]);
    expect(await second({ rotateTickets: 1 })).toEqual(["rejected", 200]);
  });

  test("is sent back by a Retry", async () => {
    const { port } = await lab("h3", { retry: true });
    const run = await gtlsclient(port, ["/"]);
    expect(run.statuses).toEqual([200]);
    expect(run.output).toMatch(/pkt rx .*type=Retry/);
    expect(run.transportParameters).toHaveProperty("retry_source_connection_id");
  });

  test("gets a large page whole when one datagram in twenty is lost", async () => {
    const { port } = await lab("h3", { loss: 0.05, bigBytes: BIG.length });
    const run = await gtlsclient(port, ["/big"]);
    expect(run.bodies.big!.equals(BIG)).toBe(true);
    expect(run.output).toMatch(/pkn=\d+ lost/);
  });

  test("waits for acknowledgements that are held", async () => {
    const body = join(folder(), "body");
    writeFileSync(body, BIG.subarray(0, 100_000));
    const acknowledged = async (options: Parameters<typeof lab>[1]) => {
      const { port } = await lab("h3", options);
      const run = await gtlsclient(port, ["/"], { body });
      const atMs = [...run.output.matchAll(/I(\d+) \S+ frm rx \d+ 1RTT ACK\(0x0[23]\) largest_ack/g)].map(([, at]) =>
        Number(at),
      );
      // The first is the handshake's, and the last may ride on the answer.
      const gaps = atMs.slice(1, -1).map((at, index) => at - atMs[index]!);
      return { gaps, advertised: run.transportParameters.max_ack_delay };
    };
    const held = await acknowledged({ ackDelay: { advertisedNs: ms(30), realNs: ms(80) } });
    expect(held.advertised).toBe(30);
    expect(held.gaps.length).toBeGreaterThan(1);
    expect(Math.min(...held.gaps)).toBeGreaterThan(70);
    const { gaps } = await acknowledged({});
    expect(Math.min(...gaps)).toBeLessThan(50);
  });

  test("reads the end of a connection that the lab closes", async () => {
    const { port } = await lab("h3", { cutAnswer: true });
    const run = await gtlsclient(port, ["/"]);
    expect(run.output).toMatch(/frm rx .*CONNECTION_CLOSE\(0x1d\) error_code=\S+\(0x102\).*cut on purpose/);
  });
});

describe("chromium", needs("chromium"), () => {
  test("shows a page that came over HTTP/3", async () => {
    const { port } = await lab("h3", { valueBytes: 700 });
    const run = await browse(port, "/", LAB_CERTIFICATE);
    expect(run.text).toBe("netlat ".repeat(100).trim());
    expect(run.settings).toMatchObject({ SETTINGS_QPACK_MAX_TABLE_CAPACITY: 0 });
    expect(run.answers[0]).toEqual(expect.arrayContaining([":status: 200", "server: netlat-lab"]));
  });
});

describe("kdig", needs("kdig"), () => {
  const ask = async (port: number, ...args: string[]): Promise<string> => {
    const ca = join(folder(), "ca.pem");
    writeFileSync(ca, LAB_CERTIFICATE);
    // Behind the options of TLS, which would make it ask over TCP.
    const words = [`+tls-ca=${ca}`, "+tls-hostname=localhost", "+quic", "@127.0.0.1", "-p", String(port), ...args];
    return (await promisify(execFile)(installed("kdig")!, words, { timeout: 20_000 })).stdout;
  };

  test("asks for addresses over QUIC", async () => {
    const { port } = await lab("doq", { thinkNs: ms(60) });
    const four = await ask(port, "lab.test", "A");
    expect(four).toMatch(/QUIC session \(QUICv1\)/);
    expect(four).toMatch(/status: NOERROR/);
    expect(four).toMatch(/lab\.test\.\s+60\s+IN\s+A\s+127\.0\.0\.1/);
    expect(Number(/in ([\d.]+) ms/.exec(four)?.[1])).toBeGreaterThan(59);
    expect(await ask(port, "lab.test", "AAAA")).toMatch(/IN\s+AAAA\s+::1/);
    expect(await ask(port, "no.missing", "A")).toMatch(/status: NXDOMAIN/);
  });

  test("is sent back by a Retry too", async () => {
    const { port } = await lab("doq", { retry: true });
    expect(await ask(port, "lab.test", "A")).toMatch(/127\.0\.0\.1/);
  });
});
