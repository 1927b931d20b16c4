import { expect, test } from "vitest";
import { describeWithPeer } from "../peers.js";
import { h2load, readNumbers } from "./h2load.js";

describeWithPeer("nginx", (server) => {
  test("h2load measures h2 over TLS and in clear text, and HTTP/1.1", async () => {
    const { tls, h2c, http1 } = server.ports;
    for (const [url, protocol, http1Only] of [
      [`https://localhost:${tls}/small`, "h2", false],
      [`http://localhost:${h2c}/small`, "h2c", false],
      [`http://localhost:${http1}/small`, "http/1.1", true],
    ] as const) {
      const numbers = await h2load(url, { requests: 100, clients: 2, streams: 5, http1: http1Only });
      expect(numbers).toMatchObject({ protocol, succeeded: 100, failed: 0, statuses: [100, 0, 0, 0] });
      expect(numbers.requestNs.min).toBeGreaterThan(1_000);
      expect(numbers.requestNs.max).toBeGreaterThanOrEqual(numbers.requestNs.mean);
      expect(numbers.connectNs.mean).toBeGreaterThan(0);
    }
  });
});

test("an output that is not h2load's is said so", () => {
  expect(() => readNumbers("Segmentation fault")).toThrow(/h2load: no line like/);
});
