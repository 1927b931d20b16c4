/** The options of the web servers do what they say. */
import { readFileSync } from "node:fs";
import { connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { expect, test } from "vitest";
import { describeWithPeer } from "../peers.js";
import { h2Request } from "./h2-client.js";

interface SecureServer {
  readonly ports: { readonly tls: number };
  readonly certificate: { readonly certFile: string };
}

const settingsOf = async (server: SecureServer) =>
  (await h2Request(`https://localhost:${server.ports.tls}/`, server.certificate.certFile)).settings;

for (const name of ["nginx", "nghttpd", "haproxy", "apache"] as const) {
  const limited = (server: SecureServer) => {
    test("a limit of 10 streams is in its SETTINGS", async () => {
      expect((await settingsOf(server)).maxConcurrentStreams).toBe(10);
    });
  };
  describeWithPeer(name, limited, { maxConcurrentStreams: 10 });
}

const window = (bytes: number) => (server: SecureServer) => {
  test("the window of a stream is in its SETTINGS", async () => {
    expect((await settingsOf(server)).initialWindowSize).toBe(bytes);
  });
};
describeWithPeer("nghttpd", window(2 ** 20 - 1), { windowBits: 20 });
describeWithPeer("apache", window(100_000), { windowBytes: 100_000 });

describeWithPeer(
  "nginx",
  (server) => {
    test("ends a connection after its requests, with GOAWAY", async () => {
      const session = connect(`http://localhost:${server.ports.h2c}`);
      let answered = 0;
      const goaway = new Promise((resolve) => session.once("goaway", resolve));
      while (!session.closed && answered < 10) {
        await new Promise((end) => session.request({ ":path": "/small" }).resume().once("end", end));
        answered++;
      }
      expect(await goaway).toBe(0);
      expect(answered).toBe(3);
      session.destroy();
    });

    test("speaks only the TLS that was asked for", async () => {
      const ca = readFileSync(server.certificate.certFile);
      const socket = tlsConnect({ port: server.ports.tls, host: "localhost", ca, ALPNProtocols: ["h2"] });
      await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
      expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(["TLSv1.2", "h2"]);
      socket.destroy();
    });
  },
  { keepaliveRequests: 3, tlsVersions: "TLSv1.2" },
);
