/** Connections and streams that end in other ways than most: what becomes of the requests on them. */
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { QuicTally } from "../../../src/capture/quic/quic-tally.js";
import type { LaneSpec } from "../../../src/probes/probe.js";
import { DatagramLog } from "../../../src/probes/quic/datagram-log.js";
import { troubleOf } from "../../../src/probes/quic/quic-failure.js";
import { controlStreamStart, writeFrame, writeHeaders } from "../../../src/protocols/h3/frame-writer.js";
import { ERROR, FRAME } from "../../../src/protocols/h3/names.js";
import type { H3Request } from "../../../src/protocols/protocol.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import type { Carrier } from "../../../src/quic/application.js";
import { QuicServer } from "../../../src/quic/server.js";
import { UdpPath } from "../../../src/quic/udp-path.js";
import { ms } from "../../../src/units/duration.js";
import { quiche, Recorder, serverOf } from "../../quic/pair.js";
import { CALM, kinds, load } from "../tcp/net-lane.js";
import { laneSpec, openLane, runOn, runOnce, serve } from "./quic-lane.js";

const all = (kind: string, count: number) => new Array<string>(count).fill(kind);
const NEVER = () => false;
const OK = writeHeaders(encodeFields([{ name: ":status", value: "200" }]));
const CONTROL = controlStreamStart({ qpackMaxTableCapacityBytes: 0 });
const SERVER_CONTROL = 3;
const goaway = (id: number) => writeFrame(FRAME.GOAWAY, Uint8Array.of(id));

/** A server of HTTP/3 that does what a test wants. */
async function odd(
  maxStreamsBidi: number,
  whenReadable: (connection: Carrier, streamId: number, app: Recorder) => void,
) {
  const apps: Recorder[] = [];
  const server = await QuicServer.listen({
    quiche,
    config: () => serverOf({ maxStreamsBidi }, ["h3"]),
    host: "127.0.0.1",
    port: 0,
    application: () => {
      const app = new Recorder();
      apps.push(app);
      app.whenEstablished = (connection) => void connection.write(SERVER_CONTROL, CONTROL, false);
      const readAll = app.onReadable.bind(app);
      app.onReadable = (connection, streamId) => {
        readAll(connection, streamId);
        if (streamId % 4 === 0) whenReadable(connection, streamId, app);
      };
      return app;
    },
    retry: false,
    ackHoldNs: ms(0),
    losesIncoming: NEVER,
    losesOutgoing: NEVER,
  });
  onTestFinished(() => server.close());
  return { url: `h3://localhost:${server.port}/`, apps };
}

function posting(url: string, bytes: number, changes: Partial<LaneSpec>): LaneSpec {
  const spec = laneSpec(url, {}, changes);
  const request = { ...(spec.target.request as H3Request), method: "POST", body: Buffer.alloc(bytes, "x") };
  return { ...spec, target: { ...spec.target, request } };
}

describe("a server that goes away", () => {
  test("those that wait for a stream are asked on a new connection", async () => {
    const { url } = await serve("h3", { maxStreams: 2, closeAfter: 4, thinkNs: ms(5) });
    const { measured, opened } = await runOnce(laneSpec(url, {}, { pipeline: 10 }), load(10));
    expect(kinds(measured)).toEqual(all("value", 10));
    expect(opened.length).toBeGreaterThan(1);
  });

  test("those that it rejects unseen are asked again elsewhere", async () => {
    const { url } = await serve("h3", { closeAfter: 4, thinkNs: ms(5) });
    const { measured, quic } = await runOnce(laneSpec(url, {}, { pipeline: 10 }), load(30));
    expect(kinds(measured)).toEqual(all("value", 30));
    expect(quic.streams.failed).toEqual({});
  });

  test("so are those behind the last one of its GOAWAY, without a word on their streams", async () => {
    const { url, apps } = await odd(100, (connection, streamId, app) => {
      if (apps.length > 1) connection.write(streamId, OK, true);
      else if (app.ended.length === 3) {
        connection.write(SERVER_CONTROL, goaway(4), false);
        connection.write(0, OK, true);
      }
    });
    const { measured, opened } = await runOnce(laneSpec(url, {}, { pipeline: 3 }), load(3));
    expect(kinds(measured)).toEqual(all("value", 3));
    expect(opened).toHaveLength(2);
    expect(apps[1]?.ended).toEqual([0, 4]);
  });

  test("a request that is rejected twice fails, once", async () => {
    const { url } = await odd(100, (connection, streamId) => connection.abandon(streamId, ERROR.H3_REQUEST_REJECTED));
    const { measured, examples } = await runOnce(laneSpec(url), load(2));
    expect(kinds(measured)).toEqual(all("reset", 2));
    expect(examples.reset).toContain("H3_REQUEST_REJECTED");
  });
});

describe("a connection that ends right behind an answer", () => {
  test.each([
    ["whole", []],
    ["in pieces", [8, 16]],
  ])("the next request, %s, goes to a new one", async (_, cuts) => {
    const { url, apps } = await odd(100, (connection, streamId) => {
      connection.write(streamId, OK, true);
      connection.flush();
      connection.close(true, ERROR.H3_NO_ERROR);
    });
    const behaviour = { ...CALM, cuts };
    const { measured } = await runOnce(laneSpec(url, {}, { behaviour, timeoutNs: ms(1000) }), load(5));
    expect(kinds(measured)).toEqual(all("value", 5));
    expect(apps).toHaveLength(5);
  });
});

test("a connection that finds no socket to move to stays, and says so", async () => {
  const { url } = await serve("h3");
  const open = UdpPath.open.bind(UdpPath);
  const noMore = Object.assign(new Error("too many open files"), { code: "EMFILE" });
  const spied = vi.spyOn(UdpPath, "open").mockImplementationOnce(open).mockRejectedValueOnce(noMore);
  onTestFinished(() => spied.mockRestore());
  const { measured, quic } = await runOnce(laneSpec(url, { migrateAfter: 3 }), load(10));
  expect(kinds(measured)).toEqual(all("value", 10));
  expect(quic.migrations).toMatchObject([{ validatedNs: null, says: "not moved: there is no new socket (EMFILE)" }]);
});

describe("requests that end before their streams do", () => {
  test("an answer ahead of the whole request: the rest is not owed, and the stream is free again", async () => {
    const { url } = await odd(2, (connection, streamId, app) => {
      if (app.received.get(streamId)?.length === 1) connection.write(streamId, OK, true);
    });
    const behaviour = { ...CALM, cuts: [40], gapNs: ms(20) };
    const { measured } = await runOnce(posting(url, 5_000, { behaviour, timeoutNs: ms(1000) }), load(6));
    expect(kinds(measured)).toEqual(all("value", 6));
  });

  test("a reset ahead of headers, and ahead of the whole request", async () => {
    const { url } = await odd(2, (connection, streamId) => connection.abandon(streamId, ERROR.H3_INTERNAL_ERROR));
    const behaviour = { ...CALM, cuts: [40], gapNs: ms(20) };
    const { measured, examples } = await runOnce(posting(url, 5_000, { behaviour, timeoutNs: ms(1000) }), load(6));
    expect(kinds(measured)).toEqual(all("reset", 6));
    expect(examples.reset).toContain("H3_INTERNAL_ERROR");
  });

  test("five megabytes, in pieces with gaps", async () => {
    const bytes = 5 * 1024 ** 2;
    const { url, apps } = await odd(10, (connection, streamId, app) => {
      if (app.ended.includes(streamId)) connection.write(streamId, OK, true);
    });
    const behaviour = { ...CALM, cuts: [40, 1_000_000, 3_000_000], gapNs: ms(2) };
    const { measured, wholes } = await runOnce(posting(url, bytes, { behaviour, timeoutNs: ms(8000) }), load(2));
    expect(kinds(measured)).toEqual(all("value", 2));
    expect(wholes).toBe(2);
    for (const id of [0, 4]) expect(Buffer.concat(apps[0]?.received.get(id) ?? []).length).toBeGreaterThan(bytes);
  }, 20_000);

  test("a stream of both ways that the server opens is its fault", async () => {
    const { url } = await odd(100, (connection) => {
      connection.write(1, Buffer.from("hello"), false);
    });
    const { measured, examples } = await runOnce(laneSpec(url), load(1));
    expect(kinds(measured)).toEqual(["closed"]);
    expect(examples.closed).toContain("H3_STREAM_CREATION_ERROR");
  });
});

describe("time that runs out", () => {
  test("with --reuse off, the next request has a connection of its own", async () => {
    const { url } = await serve("h3", { silent: true });
    const { measured, opened } = await runOnce(laneSpec(url, {}, { reuse: false, timeoutNs: ms(100) }), load(2));
    expect(kinds(measured)).toEqual(all("timeout", 2));
    expect(Array.from(measured.ordinal)).toEqual([0, 0]);
    expect(opened).toHaveLength(2);
  });

  test("an idle timeout within the handshake is no connection that was closed", () => {
    const idle = { by: "idle", application: false, code: 0, reason: "" } as const;
    const context = { host: "a", servername: "a", alpn: ["h3"], errorName: String, certificates: undefined };
    expect(troubleOf({ ...idle, wasEstablished: false }, context)).toMatchObject({ failure: "timeout" });
    expect(troubleOf({ ...idle, wasEstablished: true }, context)).toMatchObject({ failure: "closed" });
  });
});

test("what 0-RTT in vain cost is told of requests that had to wait for a stream, too", async () => {
  const { url } = await serve("h3", { rotateTickets: 1, maxStreams: 5, thinkNs: ms(5) });
  const sessionFile = join(scratch(), "sessions.json");
  const first = await openLane(laneSpec(url, { earlyData: true, sessionFile }));
  await runOn(first, load(1));
  await first.close();
  const { measured, quic } = await runOnce(laneSpec(url, { earlyData: true, sessionFile }, { pipeline: 5 }), load(10));
  expect(kinds(measured)).toEqual(all("value", 10));
  expect(quic.earlyData).toMatchObject({ offered: 1, rejected: 1, rejectionCost: { count: 5 } });
});

test("a server name that the engine does not take leaves no socket behind", async () => {
  const { url } = await serve("h3");
  const sockets = () =>
    process.getActiveResourcesInfo().filter((kind) => kind === "UDPWrap" || kind === "UDPWRAP").length;
  const { tls } = laneSpec(url);
  // What was closed is gone by then.
  const settled = () => new Promise((resume) => setTimeout(resume, 50));
  await settled();
  const before = sockets();
  expect(before).toBeGreaterThan(0);
  const wrong = { ...(tls as NonNullable<typeof tls>), servername: "a".repeat(300) };
  const { measured, examples } = await runOnce(laneSpec(url, {}, { tls: wrong }), load(1));
  expect(kinds(measured)).toEqual(["unreachable"]);
  expect(examples.unreachable).toMatch(/^QUIC's engine cannot begin a connection there: (?!GenericFailure)/);
  await settled();
  expect(sockets()).toBe(before);
});

describe("the datagrams that are kept", () => {
  test("the secrets of a connection are told, although there was no room for its datagrams", async () => {
    const told: string[] = [];
    const log = new DatagramLog(new QuicTally(), (lines) => told.push(lines));
    onTestFinished(() => log.close());
    const connection = log.begin();
    appendFileSync(connection.keyLogPath, "CLIENT_RANDOM 00 11\n");
    connection.note("client", Buffer.alloc(65 * 1024 ** 2), 0);
    connection.end();
    await log.read();
    expect(log.missed).toBe(1);
    expect(told).toEqual(["CLIENT_RANDOM 00 11\n"]);
  });

  test("their folder goes with the process, too", () => {
    const before = process.listeners("exit");
    const log = new DatagramLog(new QuicTally(), () => {});
    const folder = dirname(log.begin().keyLogPath);
    expect(existsSync(folder)).toBe(true);
    for (const leave of process.listeners("exit")) if (!before.includes(leave)) leave(0);
    expect(existsSync(folder)).toBe(false);
    log.close();
    expect(process.listeners("exit")).toEqual(before);
  });
});

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "netlat-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
