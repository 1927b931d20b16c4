/** caddy and gtlsserver speak HTTP/3 with ngtcp2's client, resume with 0-RTT, and gtlsserver does what its options say. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onlyIf } from "../../skip.js";
import { describeWithPeer, peer } from "../peers.js";
import { gtlsclient } from "./gtlsclient.js";
import { BIG_BYTES, SMALL_BYTES } from "./site.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-h3-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function speaksHttp3(port: () => number): void {
  test("serves its files over HTTP/3", async () => {
    const run = await gtlsclient(port(), ["/small", "/", "/none"]);
    expect(run.alpn).toBe("h3");
    expect([...run.statuses].sort()).toEqual([200, 200, 404]);
    expect(run.transportParameters).toMatchObject({ initial_max_streams_bidi: 100 });
    expect((await gtlsclient(port(), ["/big"])).bodies.big).toHaveLength(BIG_BYTES);
  });

  test("resumes with 0-RTT", async () => {
    const session = mkdtempSync(join(folder, "session-"));
    const [first, second] = [
      await gtlsclient(port(), ["/small"], { session }),
      await gtlsclient(port(), ["/small"], { session }),
    ];
    expect(first).toMatchObject({ earlyData: "none", statuses: [200] });
    expect(second).toMatchObject({ earlyData: "accepted", statuses: [200] });
    expect(second.bodies.small).toHaveLength(SMALL_BYTES);
    expect(await gtlsclient(port(), ["/small"], { session, noEarlyData: true })).toMatchObject({ earlyData: "none" });
  });
}

describeWithPeer("caddy", (server) => {
  speaksHttp3(() => server.ports.tls);

  test("takes a POST", async () => {
    const body = join(folder, "body");
    writeFileSync(body, "x".repeat(1000));
    const run = await gtlsclient(server.ports.tls, ["/post"], { body });
    expect(run.statuses).toEqual([200]);
    expect(run.bodies.post?.toString()).toBe("posted\n");
  });
});

describeWithPeer("gtlsserver", (server) => {
  speaksHttp3(() => server.ports.quic);
});

describeWithPeer(
  "gtlsserver",
  (server) => {
    test("asks for Retry, has the limit of streams, and writes a qlog", async () => {
      const run = await gtlsclient(server.port, ["/small"]);
      expect(run.statuses).toEqual([200]);
      expect(run.transportParameters).toMatchObject({ initial_max_streams_bidi: 7, max_idle_timeout: 5000 });
      expect(run.transportParameters).toHaveProperty("retry_source_connection_id");
      const [log, ...others] = readdirSync(join(server.folder, "qlog"));
      expect(others).toEqual([]);
      expect(readFileSync(join(server.folder, "qlog", log as string), "utf8")).toContain('"transport:packet_received"');
    });
  },
  { retry: true, maxStreamsBidi: 7, idleTimeout: "5s", qlog: true },
);

describeWithPeer(
  "gtlsserver",
  (server) => {
    test("loses datagrams, and the body comes whole", async () => {
      const run = await gtlsclient(server.port, ["/big"]);
      expect(run.bodies.big).toHaveLength(BIG_BYTES);
      const numbers = [...run.output.matchAll(/pkt rx pkn=(\d+) .*type=1RTT/g)].map((match) => Number(match[1]));
      const lost = 1 - new Set(numbers).size / (Math.max(...numbers) + 1);
      expect(lost).toBeGreaterThan(0.02);
      expect(lost).toBeLessThan(0.1);
    });
  },
  { sendLoss: 0.05 },
);

for (const ackThreshold of [2, 40]) {
  describeWithPeer(
    "gtlsserver",
    (server) => {
      test(`acknowledges after ${ackThreshold} packets`, async () => {
        const body = join(folder, "upload");
        writeFileSync(body, Buffer.alloc(1_000_000, "u"));
        const { output, ackDelaysMs } = await gtlsclient(server.port, ["/small"], { body });
        const acks = [...output.matchAll(/frm rx \d+ 1RTT ACK\(0x0[23]\) largest_ack=(\d+)/g)].map((match) =>
          Number(match[1]),
        );
        expect(ackDelaysMs).toHaveLength(acks.length);
        expect(Math.max(...ackDelaysMs)).toBeLessThan(200);
        const steps = acks.slice(1).map((ack, at) => ack - (acks[at] as number));
        const median = steps.sort((x, y) => x - y)[steps.length >> 1];
        // Bursts of at most 20 datagrams come in one read, and are acknowledged together whatever the threshold is.
        if (ackThreshold === 2) expect(median).toBe(2);
        else expect(median).toBeGreaterThan(4);
      });
    },
    { ackThreshold },
  );
}

const gtlsserver = peer("gtlsserver");
test(
  "a server that was started anew rejects early data",
  onlyIf(gtlsserver.available, gtlsserver.available ? "" : gtlsserver.reason),
  async () => {
    if (!gtlsserver.available) return;
    const session = mkdtempSync(join(folder, "session-"));
    for (const earlyData of ["none", "rejected"]) {
      const server = await gtlsserver.start();
      try {
        expect(await gtlsclient(server.port, ["/small"], { session })).toMatchObject({ earlyData, statuses: [200] });
      } finally {
        await server.stop();
      }
    }
  },
);
