/** Each web server speaks what it is started for: h2 over TLS and in clear text, with its own limit of streams. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { describeWithPeer, H2_PEERS } from "../peers.js";
import { h2Request } from "./h2-client.js";
import { BIG_BYTES, SMALL_BYTES } from "./site.js";

/** MAX_CONCURRENT_STREAMS as the server's own default. */
const OWN_LIMIT = { nginx: 128, nghttpd: 100, h2o: 100, haproxy: 100, caddy: 250, apache: 100 };

for (const name of H2_PEERS) {
  describeWithPeer(name, (server) => {
    for (const [port, scheme, alpn] of [
      ["tls", "https", "h2"],
      ["h2c", "http", "h2c"],
    ] as const) {
      const origin = () => `${scheme}://localhost:${server.ports[port]}`;
      const request = (path: string, body?: Uint8Array) =>
        h2Request(origin() + path, server.certificate.certFile, body && { body });

      test(`${alpn}: serves its files`, async () => {
        const small = await request("/small");
        expect(small).toMatchObject({ status: 200, alpn });
        expect(small.body).toHaveLength(SMALL_BYTES);
        expect(small.settings.maxConcurrentStreams).toBe(OWN_LIMIT[name]);
        expect((await request("/big")).body).toHaveLength(BIG_BYTES);
        expect((await request("/")).body.toString()).toMatch(/^hello from/);
      });

      test(`${alpn}: takes a POST with a body larger than the first window`, async () => {
        const answer = await request("/post", Buffer.alloc(100_000, "p"));
        expect(answer.status).toBe(200);
        const echoes = name === "nghttpd";
        if (echoes) expect(answer.body).toHaveLength(100_000);
        else expect(answer.body.toString()).toMatch(/^(posted|hello from haproxy)\n$/);
      });

      test(`${alpn}: curl agrees`, () => {
        const how = alpn === "h2" ? ["--http2", "--cacert", server.certificate.certFile] : ["--http2-prior-knowledge"];
        const args = [...how, "-sS", "-w", "%{http_version} %{http_code}", "-o", "/dev/null", `${origin()}/small`];
        expect(execFileSync("curl", args, { encoding: "utf8" })).toBe("2 200");
      });
    }
  });
}
