/** The namespace is narrow where it should be, and the long path is long: held against nginx, caddy and the clock. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { onlyIf } from "../skip.js";
import { type Namespace, namespaces, withNamespace } from "./netns.js";
import { gtlsclient } from "./peers/gtlsclient.js";
import { peer } from "./peers.js";
import { wanPossible, withWan } from "./wan.js";

const nginx = peer("nginx");
const nginxIn = (place: Namespace) => {
  if (!nginx.available) throw new Error(nginx.reason);
  return nginx.start({}, place);
};

/** Runs curl. @returns seconds by curl's names, such as time_connect */
async function curl(from: Namespace, url: string, ...args: string[]): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await from.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{json}", ...args, url]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe(
  "a namespace",
  onlyIf(namespaces().possible && nginx.available, namespaces().reason || "nginx is not installed"),
  () => {
    test("runs a peer and a client, apart from the machine's loopback, as narrow as asked", async () => {
      await withNamespace({ rate: { mbit: 100 } }, async (namespace) => {
        const server = await nginxIn(namespace);
        try {
          const big = await curl(namespace, `http://127.0.0.1:${server.ports.h2c}/big`, "--http2-prior-knowledge");
          expect(big).toMatchObject({ http_code: 200, http_version: "2", size_download: 10_000_000 });
          expect(big.time_total).toBeGreaterThan(0.75); // 80 Mbit at 100 Mbit/s, less the burst
          expect(big.time_total).toBeLessThan(2);
          await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow("fetch failed");
        } finally {
          await server.stop();
        }
      });
    });

    test("a program that fails is a result, one that does not exist too", async () => {
      await withNamespace({}, async (namespace) => {
        expect(await namespace.run(["sh", "-c", "echo out; exit 3"])).toMatchObject({ code: 3, stdout: "out\n" });
        expect((await namespace.run(["no-such-program"])).code).toBe(127);
        await expect(namespace.run(["sleep", "5"], 100)).rejects.toThrow("did not end in 100 ms");
        const { stdout } = await namespace.run(["ip", "-o", "link", "show", "lo"]);
        expect(stdout).toMatch(/UP.* mtu 1500 /);
      });
    });
  },
);

describe(
  "a wide-area path",
  onlyIf(wanPossible().possible && nginx.available, wanPossible().reason || "nginx is not installed"),
  () => {
    test("takes its delay both ways", async () => {
      await withWan({ delayMs: 20 }, async (wan) => {
        const server = await nginxIn(wan.b);
        try {
          const small = await curl(wan.a, `http://${server.address}:${server.port}/small`);
          expect(small.time_connect).toBeGreaterThanOrEqual(0.04);
          expect(small.time_connect).toBeLessThan(0.08);
          expect(small.time_total).toBeGreaterThanOrEqual(0.08);
          const tls = `https://${server.address}:${server.ports.tls}/small`;
          expect(await curl(wan.a, tls, "--cacert", server.certificate.certFile)).toMatchObject({ http_version: "2" });
        } finally {
          await server.stop();
        }
        const { aToB, bToA } = await wan.cut();
        expect(aToB).toMatchObject({ lost: 0, overflowed: 0 });
        expect(bToA.carried).toBeGreaterThan(4);
      });
    });

    test("loses packets, which TCP sends again, and is as narrow as asked", async () => {
      await withWan({ delayMs: 2, loss: 0.02, rateMbit: 20, seed: 4 }, async (wan) => {
        const server = await nginxIn(wan.b);
        try {
          const url = `http://${server.address}:${server.port}/big`;
          const part = await curl(wan.a, url, "-r", "0-999999");
          expect(part).toMatchObject({ http_code: 206, size_download: 1_000_000 });
          expect(part.time_total).toBeGreaterThan(0.4); // 8 Mbit at 20 Mbit/s
          expect(resentSegments(wan.b)).toBeGreaterThan(3);
        } finally {
          await server.stop();
        }
        const { bToA } = await wan.cut();
        expect(bToA.lost).toBeGreaterThan(3);
        expect(bToA.lost).toBeLessThan(60);
      });
    });

    const gtlsserver = peer("gtlsserver");
    const quic = onlyIf(gtlsserver.available, gtlsserver.available ? "" : gtlsserver.reason);
    test("carries HTTP/3", quic, async () => {
      await withWan({ delayMs: 20, jitterMs: 2 }, async (wan) => {
        if (!gtlsserver.available) return;
        const server = await gtlsserver.start({}, wan.b);
        try {
          const run = await gtlsclient(server.port, ["/small"], { enter: wan.a.enter, address: server.address });
          expect(run.statuses).toEqual([200]);
          const rtts = [...run.output.matchAll(/min_rtt=(\d+)/g)].map((match) => Number(match[1]));
          expect(Math.min(...rtts)).toBeGreaterThanOrEqual(40);
        } finally {
          await server.stop();
        }
      });
    });
  },
);

/** RetransSegs of the namespace's TCP (RFC 4022). */
function resentSegments({ pid }: Namespace): number {
  const [names, values] = readFileSync(`/proc/${pid}/net/snmp`, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"))
    .map((line) => line.split(" "));
  return Number(values?.[names?.indexOf("RetransSegs") ?? -1]);
}
