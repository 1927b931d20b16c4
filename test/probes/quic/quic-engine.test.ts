import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ms } from "../../../src/units/duration.js";
import { CALM, kinds, latencies, load, median } from "../tcp/net-lane.js";
import { laneSpec, openLane, runOn, runOnce, serve } from "./quic-lane.js";

const MS = 1e6;
const all = (kind: string, count: number) => new Array<string>(count).fill(kind);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "netlat-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("what travels on the streams", () => {
  test("HTTP/3: answers, and what the connection was", async () => {
    const { url } = await serve("h3");
    const { measured, opened, quic, writes, wholes } = await runOnce(laneSpec(url), load(20, { warmup: 2 }));
    expect(kinds(measured)).toEqual(all("value", 20));
    expect(opened).toHaveLength(1);
    expect([writes, wholes]).toEqual([20, 20]);
    expect(quic).toMatchObject({
      versions: { v1: 1 },
      alpn: { h3: 1 },
      connections: { opened: 1, mostActive: 1, failed: {} },
      streams: { opened: 22, mostActive: 1, failed: {} },
      earlyData: { offered: 0 },
      loss: { client: { lost: 0 }, server: { lost: 0 } },
      transportParameters: { server: { initial_max_streams_bidi: 100, max_ack_delay: 25 } },
      h3: { serverSettings: { QPACK_MAX_TABLE_CAPACITY: 0 }, goaways: 0 },
    });
    expect(quic.opened.packets).toBe(quic.opened.of);
    expect(quic.rtt?.count).toBeGreaterThan(10);
    expect(quic.rtt?.p50).toBeLessThan(20 * MS);
    expect(quic.handshake.total?.count).toBe(1);
  });

  test("a page that is not there is a miss, a status of 400 a refusal", async () => {
    const { url } = await serve("h3");
    expect(kinds((await runOnce(laneSpec(`${url}missing`), load(2))).measured)).toEqual(all("miss", 2));
    const refused = await runOnce(laneSpec(`${url}?think=nonsense`), load(1));
    expect(kinds(refused.measured)).toEqual(["error-answer"]);
    expect(refused.examples["error-answer"]).toContain("400");
    expect(refused.quic.streams.failed).toEqual({ "error-answer": 1 });
  });

  test("raw streams: what is sent comes back", async () => {
    const { url } = await serve("quic");
    const { measured, quic } = await runOnce(laneSpec(url), load(5));
    expect(kinds(measured)).toEqual(all("value", 5));
    expect(quic).toMatchObject({ alpn: { netlat: 1 }, h3: null });
  });

  test("DNS: a name, and one that does not exist", async () => {
    const { port } = await serve("doq");
    expect(kinds((await runOnce(laneSpec(`doq://127.0.0.1:${port}/lab.test?type=A`), load(3))).measured)).toEqual(
      all("value", 3),
    );
    expect(kinds((await runOnce(laneSpec(`doq://127.0.0.1:${port}/a.missing?type=A`), load(1))).measured)).toEqual([
      "miss",
    ]);
  });

  test("a body of a megabyte, under back-pressure", async () => {
    const { url } = await serve("h3", { bigBytes: 1024 ** 2 });
    const { measured, quic } = await runOnce(laneSpec(`${url}big`), load(3));
    expect(kinds(measured)).toEqual(all("value", 3));
    expect(quic.datagrams.server.bytes).toBeGreaterThan(3 * 1024 ** 2);
    expect(quic.goodputBytesPerSecond).toBeGreaterThan(1e6);
  });
});

describe("streams and connections", () => {
  test("as many at once as the server allows, the others wait", async () => {
    const { url } = await serve("h3", { maxStreams: 5, thinkNs: ms(20) });
    const { measured, quic } = await runOnce(laneSpec(url, {}, { pipeline: 20 }), load(40));
    expect(kinds(measured)).toEqual(all("value", 40));
    expect(quic.streams.mostActive).toBe(5);
    const waits = Array.from(measured.wireNs, (wireNs, at) => wireNs - (measured.startNs[at] as number));
    expect(waits.filter((wait) => wait > 15 * MS).length).toBeGreaterThan(20);
  });

  test("a connection for every request, and several side by side", async () => {
    const { url } = await serve("h3");
    const each = await runOnce(laneSpec(url, {}, { reuse: false }), load(5));
    expect(each.opened).toHaveLength(5);
    expect(each.quic.connections).toMatchObject({ opened: 5, mostActive: 1 });
    expect(each.quic.closes).toEqual({ "client: H3_NO_ERROR": 5 });
    const beside = await runOnce(laneSpec(url, {}, { connections: 3 }), load(9));
    expect(beside.quic.connections).toMatchObject({ opened: 3, mostActive: 3 });
  });

  test("a server that goes away with GOAWAY: what runs ends well, the next goes to a new connection", async () => {
    const { url } = await serve("h3", { closeAfter: 4 });
    const { measured, opened, quic } = await runOnce(laneSpec(url), load(10));
    expect(kinds(measured)).toEqual(all("value", 10));
    expect(opened.length).toBeGreaterThan(1);
    expect(quic.streams.failed).toEqual({});
  });

  test("a connection that idled out between two blocks is replaced without a failure", async () => {
    const { url } = await serve("h3", { idleTimeoutNs: ms(100) });
    const lane = await openLane(laneSpec(url));
    await runOn(lane, load(2));
    await new Promise((resume) => setTimeout(resume, 250));
    const { measured, quic } = await runOn(lane, load(2));
    expect(kinds(measured)).toEqual(all("value", 2));
    expect(quic.connections.opened).toBe(2);
  });
});

describe("on a path that loses datagrams", () => {
  test("a lost request costs a probe timeout, also the tenth", async () => {
    const { url } = await serve("h3", { lossIn: 0.03 });
    const { measured, quic } = await runOnce(laneSpec(url), load(600));
    expect(kinds(measured)).toEqual(all("value", 600));
    expect(quic.loss.client?.lost).toBeGreaterThan(8);
    expect(quic.congestionWindowBytes?.last).toBeGreaterThan(1200);
    const slow = latencies(measured).filter((latency) => latency > 20 * MS);
    expect(slow.length).toBeGreaterThan(8);
    // quiche's cubic came to seconds here.
    expect(median(slow)).toBeLessThan(150 * MS);
  });
});

describe("what is varied", () => {
  test("a split request leaves in as many datagrams", async () => {
    const { url } = await serve("h3");
    const split = { ...CALM, cuts: [8, 16] };
    const { writes, wholes, quic } = await runOnce(laneSpec(url, {}, { behaviour: split }), load(10));
    expect([writes, wholes]).toEqual([30, 10]);
    const whole = await runOnce(laneSpec(url), load(10));
    const more = quic.datagrams.client.datagrams - whole.quic.datagrams.client.datagrams;
    expect(more).toBeGreaterThanOrEqual(19);
  });

  test("0-RTT is taken, and spares the handshake's round trip", async () => {
    const { url } = await serve("h3");
    const { measured, opened, quic } = await runOnce(
      laneSpec(url, { earlyData: true }, { reuse: false }),
      load(5, { warmup: 1 }),
    );
    expect(kinds(measured)).toEqual(all("value", 5));
    expect(quic.earlyData).toMatchObject({ offered: 5, accepted: 5, rejected: 0, rejectionCost: null });
    // The first of the warm-up had no ticket yet.
    expect(opened.filter(({ resumed }) => resumed)).toHaveLength(5);
    // Written before the handshake was over.
    const waits = Array.from(measured.wireNs, (wireNs, at) => wireNs - (measured.startNs[at] as number));
    expect(Math.min(...waits)).toBeLessThan(Math.min(...opened.slice(1).map(({ connectNs }) => connectNs)));
  });

  test("0-RTT that is refused is asked again at once, and the cost is told", async () => {
    const { url } = await serve("h3", { rotateTickets: 1 });
    const { measured, quic } = await runOnce(
      laneSpec(url, { earlyData: true }, { reuse: false }),
      load(4, { warmup: 1 }),
    );
    expect(kinds(measured)).toEqual(all("value", 4));
    expect(quic.earlyData).toMatchObject({ offered: 4, accepted: 0, rejected: 4 });
    expect(quic.earlyData.rejectionCost).toMatchObject({ count: 4 });
    // quiche by itself waits for its probe timeout, some 30 ms; the quickest of four, because the machine may be busy.
    expect(Math.min(...latencies(measured))).toBeLessThan(20 * MS);
  });

  test("0-RTT that a server refuses although it resumes is asked again too", async () => {
    const { url } = await serve("h3", { earlyData: false });
    const { measured } = await runOnce(laneSpec(url, { earlyData: true }, { reuse: false }), load(3, { warmup: 1 }));
    expect(kinds(measured)).toEqual(all("value", 3));
  });

  test("tickets are kept in a file for the next run, for their owner's eyes", async () => {
    const { url } = await serve("h3");
    const sessionFile = join(scratch(), "sessions.json");
    const first = await openLane(laneSpec(url, { earlyData: true, sessionFile }, { reuse: false }));
    await runOn(first, load(1));
    await first.close();
    expect(statSync(sessionFile).mode & 0o777).toBe(0o600);
    const again = await runOnce(laneSpec(url, { earlyData: true, sessionFile }, { reuse: false }), load(1));
    expect(again.quic.earlyData).toMatchObject({ offered: 1, accepted: 1 });
  });

  test("acknowledgements held back for 50 ms", async () => {
    const { url } = await serve("h3");
    const ackDelay = { advertisedNs: ms(50), realNs: ms(50) };
    const pacing = { kind: "open", ratePerSecond: 8, arrival: "constant" } as const;
    const held = await runOnce(laneSpec(url, { ackDelay }), load(6, { pacing }));
    const client = held.quic.ackDelay.client;
    expect(client?.advertisedNs).toBe(50 * MS);
    expect(client?.claimed.p90).toBeGreaterThan(45 * MS);
    expect(client?.claimed.p50).toBeLessThan(70 * MS);
    expect(held.quic.transportParameters.client?.max_ack_delay).toBe(50);
    const atOnce = await runOnce(laneSpec(url), load(6, { pacing }));
    expect(atOnce.quic.ackDelay.client?.claimed.p90).toBeLessThan(20 * MS);
  });

  test("a connection that moves to a new port goes on", async () => {
    const { url } = await serve("h3", { thinkNs: ms(2) });
    const { measured, opened, quic } = await runOnce(laneSpec(url, { migrateAfter: 5 }), load(20));
    expect(kinds(measured)).toEqual(all("value", 20));
    expect(opened).toHaveLength(1);
    expect(quic.migrations).toMatchObject([{ lostRequests: 0, says: "the server validated the new path" }]);
    expect(quic.migrations[0]?.validatedNs).toBeLessThan(500 * MS);
  });

  test("secrets go to the key log file that was asked for", async () => {
    const { url } = await serve("h3");
    const keyLogFile = join(scratch(), "keys.log");
    const tls = {
      ...laneSpec(url).tls,
      servername: undefined,
      insecure: true,
      ca: undefined,
      cert: undefined,
      key: undefined,
      keyLogFile,
    };
    await runOnce(laneSpec(url, {}, { tls }), load(2));
    await new Promise((resume) => setImmediate(resume));
    expect(readFileSync(keyLogFile, "utf8")).toMatch(/^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$/m);
  });
});

describe("what fails", () => {
  const failure = async (spec: Parameters<typeof runOnce>[0]) => {
    const { measured, examples, opened, quic } = await runOnce(spec, load(1));
    const [kind = ""] = kinds(measured);
    return { kind, says: examples[kind] ?? "", opened: opened.length, failed: quic.connections.failed };
  };

  test("nobody listens", async () => {
    const { url, port } = await serve("h3");
    const free = createSocket("udp4");
    await new Promise<void>((bound) => free.bind(0, "127.0.0.1", bound));
    const silent = (free.address() as { port: number }).port;
    const blocked = await failure(laneSpec(url.replace(String(port), String(silent)), {}, { timeoutNs: ms(200) }));
    expect(blocked).toMatchObject({ kind: "timeout", opened: 0 });
    expect(blocked.says).toContain("nothing came back within 200 ms");
    await new Promise<void>((closed) => free.close(closed));
    const refused = await failure(laneSpec(url.replace(String(port), String(silent))));
    expect(refused).toMatchObject({ kind: "refused", opened: 0 });
    expect(refused.says).toContain("ICMP port unreachable");
  });

  test("a certificate that nobody we know has signed, and one for another name", async () => {
    const { url } = await serve("h3");
    const tls = { servername: undefined, insecure: false, ca: undefined, cert: undefined, key: undefined };
    const untrusted = await failure(laneSpec(url, {}, { tls }));
    expect(untrusted).toMatchObject({ kind: "tls", opened: 0 });
    expect(untrusted.says).toContain("--ca FILE");
    const { tls: trusting } = laneSpec(url);
    const other = { ...(trusting as NonNullable<typeof trusting>), servername: "other.example" };
    const misnamed = await failure(laneSpec(url, {}, { tls: other }));
    expect(misnamed.says).toContain("other.example is not among DNS:localhost");
  });

  test("a protocol that the server does not speak", async () => {
    const { url } = await serve("h3");
    const spec = laneSpec(url, { alpn: ["nonsense"] });
    const wrong = await failure(spec);
    expect(wrong.kind).toBe("tls");
    expect(wrong.says).toContain("does not speak nonsense");
  });

  test("a server that never answers: each request is bounded", async () => {
    const { url } = await serve("h3", { silent: true });
    const { measured, examples } = await runOnce(laneSpec(url, {}, { timeoutNs: ms(150) }), load(2));
    expect(kinds(measured)).toEqual(all("timeout", 2));
    expect(examples.timeout).toContain("no whole answer within 150 ms");
  });

  test("an interrupted block gives what was measured", async () => {
    const { url } = await serve("h3", { thinkNs: ms(20) });
    const lane = await openLane(laneSpec(url));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const { measured } = await lane.run(load(1000), stop.signal, () => {});
    expect(measured.length).toBeGreaterThan(2);
    expect(measured.length).toBeLessThan(20);
  });
});
