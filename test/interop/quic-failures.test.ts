/** What goes wrong with QUIC on real servers and paths: each its own sentence, exit code 4, in bounded time. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import { findingsOf, looksLikeAnError, netlat, probe, reportOf, start } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { describeWithPeer } from "./peers.js";
import { UdpRelay } from "./udp-relay.js";

const loaded = await loadQuiche();
const hasQuic = onlyIf(!("unavailable" in loaded), "unavailable" in loaded ? loaded.unavailable : "");

async function fails(args: readonly string[], says: RegExp): Promise<void> {
  const startMs = performance.now();
  const { code, stderr } = await netlat(["probe", ...args, "--requests", "5", "--timeout", "600ms"]);
  expect(stderr).toMatch(says);
  expect(code).toBe(4);
  expect(looksLikeAnError(stderr)).toBe(true);
  // Three times the timeout, and the start of the program.
  expect(performance.now() - startMs).toBeLessThan(6000);
}

/** A UDP socket of loopback. @param answers gets each datagram, and gives what goes back, if anything */
async function listening(answers: (datagram: Buffer) => Buffer | undefined): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (datagram, { port, address }) => {
    const answer = answers(datagram);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  onTestFinished(() => void socket.close());
  return socket;
}

describe("a QUIC handshake that fails", hasQuic, () => {
  describeWithPeer("gtlsserver", (server) => {
    const trusted = () => ["--ca", server.certificate.certFile];

    test("a certificate that nobody trusts", () =>
      fails([`h3://localhost:${server.port}/small`], /certificate is not trusted: .* give its CA with --ca FILE/));

    test("a certificate for another name", () =>
      fails(
        [`h3://localhost:${server.port}/small`, ...trusted(), "--servername", "example.com"],
        /certificate is for another name: example\.com is not among DNS:localhost.* --servername NAME/,
      ));

    test("a protocol that the server does not speak", () =>
      fails(
        [`h3://localhost:${server.port}/small`, ...trusted(), "--alpn", "nope"],
        /does not speak nope .* name what it speaks with --alpn/,
      ));

    test("a server that falls silent when the handshake is over", async () => {
      // Its first flight passes, and so does the client's answer to it; then nothing does.
      let fromServer = 0;
      const relay = await UdpRelay.open(server.port, {}, (from) => {
        if (from === "server" && ++fromServer === 3) relay.goSilent();
      });
      onTestFinished(() => relay.close());
      await fails([`h3://localhost:${relay.port}/small`, ...trusted()], /no whole answer within 600 ms/);
    });

    test("a path that blocks UDP", async () => {
      const relay = await UdpRelay.open(server.port);
      onTestFinished(() => relay.close());
      relay.goSilent();
      const says = /nothing came back within 600 ms: UDP to that port may be blocked/;
      await fails([`h3://localhost:${relay.port}/small`, ...trusted()], says);
    });

    test("a server that goes away in the middle: the rest fails, the report stands", async () => {
      const relay = await UdpRelay.open(server.port);
      onTestFinished(() => relay.close());
      const load = ["--rate", "50/s", "--requests", "60", "--timeout", "500ms", "--format", "json"];
      const running = start(["probe", `h3://localhost:${relay.port}/small`, ...trusted(), ...load]);
      while (relay.counts.toServer.passed < 25) await sleep(10);
      relay.goSilent();
      const ended = await running.ended;
      expect(ended.code).toBe(0);
      const [run] = reportOf(ended).runs;
      expect(run?.answers?.value).toBeGreaterThan(5);
      expect(run?.errors.timeout).toBeGreaterThan(0);
    });

    test("Ctrl-C in the middle: what was measured is the report", async () => {
      const relay = await UdpRelay.open(server.port);
      onTestFinished(() => relay.close());
      const endpoint = `h3://localhost:${relay.port}/small`;
      const running = start(["probe", endpoint, ...trusted(), "--rate", "50/s", "-n", "1000", "--format", "json"]);
      while (relay.counts.toServer.passed < 25) await sleep(10);
      running.child.kill("SIGINT");
      const ended = await running.ended;
      expect(ended.code).toBe(130);
      const report = reportOf(ended);
      expect(report.source).toMatchObject({ interrupted: true });
      expect(report.runs[0]?.answers?.value).toBeGreaterThan(0);
    });
  });

  describeWithPeer("caddy", (server) => {
    const endpoint = () => [`h3://localhost:${server.port}/small`, "--ca", server.certificate.certFile];

    test("a name that the server has no certificate for", () =>
      fails([...endpoint(), "--servername", "example.com"], /no certificate for example\.com; .* --servername NAME/));

    test("a protocol that the server does not speak", () =>
      fails([...endpoint(), "--alpn", "nope"], /does not speak nope/));
  });

  describeWithPeer(
    "caddy",
    (server) => {
      const endpoint = () => [`h3://localhost:${server.port}/small`, "--ca", server.certificate.certFile];

      test("a server that asks for a client certificate gets one, or says so", async () => {
        // The handshake is over at the client before the server looks at what it got: the report has a connection, and no answers.
        const { code, stderr } = await netlat(["probe", ...endpoint(), "--requests", "5"]);
        expect(stderr).toMatch(/client certificate.* --cert FILE and --key FILE/);
        expect(code).toBe(4);
        const identity = ["--cert", server.certificate.certFile, "--key", server.certificate.keyFile];
        const report = await probe([...endpoint(), ...identity, "--requests", "5"]);
        expect(report.runs[0]).toMatchObject({ errors: {}, answers: { value: 5, miss: 0 } });
        expect(findingsOf(report, "quic-retry")).toEqual([]);
      });
    },
    { clientAuth: true },
  );

  test("a port where nothing listens", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    await once(socket, "close");
    await fails([`h3://localhost:${port}/`], /nothing listens on that UDP port/);
  });

  test("a service that is not QUIC", async () => {
    const text = await listening(() => Buffer.from("what do you want?"));
    await fails([`h3://localhost:${text.address().port}/`], /is no QUIC of this connection/);
    const echo = await listening((datagram) => datagram);
    await fails([`h3://localhost:${echo.address().port}/`], /is no QUIC of this connection/);
  });
});

describe("without the optional package", () => {
  const without = { NETLAT_WITHOUT_QUIC: "1" };

  test("QUIC is refused with the line that installs it, and the rest works", async () => {
    for (const args of [
      ["probe", "h3://localhost:1/"],
      ["probe", "lab:doq"],
      ["serve", "h3"],
    ]) {
      const { code, stderr } = await netlat(args, without);
      expect(code).toBe(2);
      expect(stderr).toContain("npm install @matrixai/quic");
      expect(looksLikeAnError(stderr)).toBe(true);
    }
    const load = ["--nagle", "off", "--split", "none", "--requests", "5"];
    const [run] = (await probe(["lab:http", ...load], without)).runs;
    expect(run).toMatchObject({ errors: {}, answers: { value: 5, miss: 0 } });
  });
});
