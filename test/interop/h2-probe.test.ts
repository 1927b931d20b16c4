/** `netlat probe` on real servers of HTTP/2 and gRPC. */
import { expect, test } from "vitest";
import { findingsOf, netlat, probe, reportOf, runOf } from "../e2e/netlat.js";
import { describeWithPeer, H2_PEERS } from "./peers.js";

/** What each server allows when it is configured as here, and what it does with one stream more (after, before our SETTINGS ACK). */
const SERVERS: Readonly<Record<(typeof H2_PEERS)[number], { options: object; limit: number; over: RegExp }>> = {
  nginx: { options: { maxConcurrentStreams: 10 }, limit: 10, over: /^RST_STREAM REFUSED_STREAM$/ },
  nghttpd: { options: { maxConcurrentStreams: 10 }, limit: 10, over: /^GOAWAY PROTOCOL_ERROR/ },
  h2o: { options: {}, limit: 100, over: /^RST_STREAM REFUSED_STREAM$/ },
  haproxy: { options: { maxConcurrentStreams: 10 }, limit: 10, over: /^RST_STREAM REFUSED_STREAM$/ },
  caddy: { options: {}, limit: 250, over: /^RST_STREAM PROTOCOL_ERROR$/ },
  apache: { options: { maxConcurrentStreams: 10 }, limit: 10, over: /^GOAWAY PROTOCOL_ERROR/ },
};

const load = ["--nagle", "off", "--requests", "30"];

for (const name of H2_PEERS) {
  const { options, limit, over } = SERVERS[name];
  describeWithPeer(
    name,
    (server) => {
      test.each(["tls", "h2c"] as const)("%s: handshake, SETTINGS, PING, GET", async (port) => {
        const secure = port === "tls";
        const endpoint = secure
          ? `https://localhost:${server.ports.tls}/small`
          : `h2c://127.0.0.1:${server.ports.h2c}/small`;
        const args = secure ? ["--ca", server.certificate.certFile] : [];
        // Slow enough that PINGs are sent meanwhile.
        const report = await probe([endpoint, ...args, ...load, "--rate", "200/s"]);
        expect(report.source).toMatchObject({ protocol: "h2", transport: secure ? "tls" : "tcp" });
        const [run] = report.runs;
        expect(run).toMatchObject({ errors: {}, answers: { value: 30, miss: 0 } });
        expect(run?.phases.connect?.count).toBe(1);
        if (secure) expect(run?.phases.tls?.count).toBe(1);
        expect(run?.h2).toMatchObject({ streamLimit: limit, serverSettings: { MAX_CONCURRENT_STREAMS: limit } });
        expect(run?.h2?.settingsAckNs).toBeGreaterThan(0);
        expect(run?.h2?.ping?.count).toBeGreaterThan(0);
        expect(run?.h2?.frames.received.HEADERS).toBe(30);
      });

      test("the stream too many", async () => {
        const [run] = (await probe([`h2c://127.0.0.1:${server.ports.h2c}/post`, ...load, "--over-limit"])).runs;
        const [after, before] = run?.h2?.overLimit ?? [];
        expect(after).toMatchObject({ asked: limit + 1, beforeAck: false });
        expect(after?.answer).toMatch(over);
        expect(before).toMatchObject({ beforeAck: true });
        // A server may already know its own limit then; apache serves it.
        expect(before?.answer).toMatch(/RST_STREAM|GOAWAY|closed|answered/);
      });
    },
    options,
  );
}

describeWithPeer(
  "nginx",
  (server) => {
    test("the stream too many on a page that it answers without waiting for the body", async () => {
      const [run] = (await probe([`h2c://127.0.0.1:${server.ports.h2c}/small`, ...load, "--over-limit"])).runs;
      expect(run?.h2?.overLimit?.map(({ answer }) => answer)).toEqual(Array(2).fill("RST_STREAM REFUSED_STREAM"));
    });
  },
  { maxConcurrentStreams: 10 },
);

describeWithPeer("nghttpd", (server) => {
  test("HEADERS and DATA apart stall behind a delayed ACK with Nagle's algorithm, and only with it", async () => {
    const endpoint = `h2c://127.0.0.1:${server.ports.h2c}/post`;
    const report = await probe([
      endpoint,
      "--data",
      "x".repeat(64),
      "--split",
      "none,headers-data",
      "--requests",
      "100",
    ]);
    const stalls = findingsOf(report, "nagle-delayed-ack");
    const cell = runOf(report, { nagle: "on", split: "headers-data" });
    expect(stalls).toHaveLength(1);
    expect(stalls[0]?.subject).toEqual({ run: cell.id });
    expect(stalls[0]?.count).toBeGreaterThanOrEqual(95);
    expect(cell.latency.p50).toBeGreaterThan(38e6);
    expect(cell.latency.p50).toBeLessThan(55e6);
    expect(cell.wire).toMatchObject({ pieces: 2, writes: 200, split: "as-asked" });
    expect(runOf(report, { nagle: "off", split: "headers-data" }).latency.p50).toBeLessThan(20e6);
  });
});

describeWithPeer("etcd", (server) => {
  const endpoint = () => `grpc://127.0.0.1:${server.ports.h2c}`;

  test("the health check answers SERVING", async () => {
    const [run] = (await probe([endpoint(), "--nagle", "off", "--requests", "50"])).runs;
    expect(run).toMatchObject({ errors: {}, h2: { grpc: { OK: 50 }, health: { SERVING: 50 } } });
    expect(run?.latency.p50).toBeGreaterThan(0);
  });

  test("PINGs every 20 ms end the connection", async () => {
    const report = await probe([endpoint(), "--nagle", "off", "--requests", "20", "--keepalive", "20ms"]);
    const [finding] = findingsOf(report, "h2-ping-enforced");
    expect(finding?.title).toContain('"too_many_pings"');
    expect(report.runs[0]?.h2?.goaways[0]).toMatchObject({ errorCode: "ENHANCE_YOUR_CALM", pings: expect.any(Number) });
    expect(report.runs[0]?.latency.p50).toBeGreaterThan(0);
  });

  test("a method that is not there", async () => {
    const report = reportOf(
      await netlat(["probe", `${endpoint()}/a.B/C`, "--nagle", "off", "--requests", "5", "--format", "json"]),
    );
    expect(report.runs[0]).toMatchObject({ errors: { "error-answer": 5 }, h2: { grpc: { UNIMPLEMENTED: 5 } } });
  });
});

describeWithPeer(
  "grpc-python",
  (server) => {
    test("over TLS, with a deadline that is too short", async () => {
      const args = ["--ca", server.certificate.certFile, "--nagle", "off", "--requests", "5", "--format", "json"];
      const slow = `grpcs://localhost:${server.ports.tls}/netlat.Echo/Echo`;
      const report = reportOf(await netlat(["probe", slow, ...args, "--deadline", "20ms"]));
      expect(report.runs[0]?.h2?.grpc).toEqual({ DEADLINE_EXCEEDED: 5 });
      const well = await probe([slow, ...args.slice(0, -2), "--data", "hello"]);
      expect(well.runs[0]).toMatchObject({ errors: {}, h2: { grpc: { OK: 5 } } });
    });
  },
  { thinkMs: 100 },
);
