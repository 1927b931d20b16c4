import { describe, expect, it } from "vitest";
import { TlsSession } from "../../../src/protocols/tls/session.js";
import type { TlsState } from "../../../src/protocols/tls/state.js";
import { converse, keyLogOf, readAll, saidBy } from "./conversation.js";

const SAYS = ["get a", "x".repeat(40_000), "get b"];

const SUITES: readonly (readonly [string, string, "TLSv1.2" | "TLSv1.3"])[] = [
  ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLSv1.3"],
  ["TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "TLSv1.3"],
  ["TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3"],
  ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2"],
  ["ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLSv1.2"],
  ["ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLSv1.2"],
  ["DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2"],
  ["DHE-RSA-CHACHA20-POLY1305", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLSv1.2"],
  ["AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2"],
  ["AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLSv1.2"],
];

describe("what node:tls said is read", () => {
  it.each(SUITES)("%s", async (ciphers, suite, version) => {
    const { sent, keys } = await converse({
      server: { ALPNProtocols: ["h2", "http/1.1"] },
      client: { ciphers, minVersion: version, maxVersion: version, ALPNProtocols: ["http/1.1"] },
      says: SAYS,
    });
    const { session, read } = readAll(sent, keys);
    expect(session.state).toEqual({ state: "plaintext-known" });
    expect(saidBy("client", read)).toBe(SAYS.join(""));
    expect(saidBy("server", read)).toBe(SAYS.join("").toUpperCase());
    expect(session).toMatchObject({
      suite,
      version: version.replace("v", " "),
      sni: "localhost",
      alpn: "http/1.1",
      alpnOffered: ["http/1.1"],
      resumed: false,
      isSecured: true,
      earlyData: "none",
    });
    expect(session.alerts).toContainEqual({ level: "warning", code: 0, name: "close_notify", from: "client" });
    expect(read.every(({ early, afterLoss }) => !early && !afterLoss)).toBe(true);
  });
});

describe("a session that is taken up again", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s", async (version) => {
    const limits = { minVersion: version, maxVersion: version } as const;
    const server = { ticketKeys: Buffer.alloc(48, 7) };
    const first = await converse({ server, client: limits });
    expect(first.session).toBeDefined();
    const { sent, keys } = await converse({ server, client: { ...limits, session: first.session! }, says: ["again"] });
    const { session, read } = readAll(sent, keys);
    expect(session).toMatchObject({ state: { state: "plaintext-known" }, resumed: true, isSecured: true });
    expect(saidBy("server", read)).toBe("AGAIN");
  });
});

describe("a HelloRetryRequest", () => {
  it("is passed", async () => {
    const { sent, keys } = await converse({
      server: { ecdhCurve: "P-384" },
      client: { ecdhCurve: "X25519:P-384", minVersion: "TLSv1.3" },
    });
    const { session, read } = readAll(sent, keys);
    expect(session.state).toEqual({ state: "plaintext-known" });
    expect(saidBy("client", read)).toBe("hello");
  });
});

describe("what cannot be read says why", () => {
  const reasonOf = ({ state }: { state: TlsState }) =>
    "reason" in state ? [state.state, state.reason] : [state.state];

  it("no key log, or one of other connections", async () => {
    const [one, other] = [await converse({}), await converse({})];
    expect(reasonOf(readAll(one.sent, undefined).session)).toEqual(["no-secret", "no key log was given"]);
    const { session, read } = readAll(one.sent, other.keys);
    expect(reasonOf(session)).toEqual([
      "no-secret",
      expect.stringMatching(
        /^the key log has no TLS 1\.3 secrets of the connection with client random [0-9a-f]{16}\.\.\.$/,
      ),
    ]);
    expect(read).toEqual([]);
    expect(session).toMatchObject({ sni: "localhost", version: "TLS 1.3", isSecured: false });
  });

  it.each([
    [
      "ECDHE-RSA-AES128-SHA",
      "TLS 1.2 with TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: only AEAD suites of TLS 1.2 and 1.3 are read",
    ],
    ["AES128-CCM", "TLS 1.2 with TLS_RSA_WITH_AES_128_CCM: only AEAD suites of TLS 1.2 and 1.3 are read"],
  ])("a suite that is not read: %s", async (ciphers, reason) => {
    const { sent, keys } = await converse({ server: { ciphers }, client: { ciphers, maxVersion: "TLSv1.2" } });
    expect(reasonOf(readAll(sent, keys).session)).toEqual(["unsupported-suite", reason]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("secrets that do not fit: %s", async (version) => {
    const { sent, keys } = await converse({ client: { minVersion: version, maxVersion: version } });
    const wrong = keys.replace(/[0-9a-f]{2}$/gm, (last) => (last === "00" ? "01" : "00"));
    const { session, read } = readAll(sent, wrong);
    expect(reasonOf(session)[0]).toBe("damaged");
    expect(reasonOf(session)[1]).toMatch(/^from the (client|server): .*key log$/);
    expect(read).toEqual([]);
  });

  it("a capture that begins in the middle", async () => {
    const { sent, keys } = await converse({ says: ["a", "b"] });
    for (const from of [2, 3, sent.length - 3]) {
      const { session, read } = readAll(sent.slice(from), keys);
      expect(reasonOf(session)).toEqual([
        "no-handshake",
        "the ClientHello is not in the capture, which begins in the middle of the connection",
      ]);
      expect(read).toEqual([]);
    }
    const inARecord = sent.map((one, index) => (index === 0 ? { ...one, bytes: one.bytes.subarray(9) } : one));
    expect(reasonOf(readAll(inARecord, keys).session)[0]).toBe("no-handshake");
    const oneSided = sent.filter(({ from }) => from === "client");
    expect(reasonOf(readAll(oneSided, keys).session)).toEqual([
      "no-handshake",
      "the ServerHello is not in the capture, or damaged",
    ]);
  });

  it("a hello that the snap length has cut", async () => {
    const { sent, keys } = await converse({});
    for (const cut of [0, 1]) {
      const session = new TlsSession(keyLogOf(keys));
      const at = { client: 0, server: 0 };
      sent.forEach(({ from, bytes }, index) => {
        session.push(from, index === cut ? bytes.subarray(0, 90) : bytes, at[from]);
        at[from] += bytes.length;
      });
      expect(reasonOf(session)).toEqual([
        "no-handshake",
        expect.stringMatching(
          cut === 0 ? /^a hello is not whole in the capture: / : /ServerHello|a hello is not whole/,
        ),
      ]);
    }
  });

  it("what is not TLS", () => {
    const bytes = Uint8Array.from(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(reasonOf(readAll([{ from: "client", bytes }], "").session)[0]).toBe("no-handshake");
  });
});

describe("a key log without the handshake's secrets", () => {
  it("opens what the application says", async () => {
    const { sent, keys } = await converse({ says: SAYS });
    const { session, read } = readAll(sent, keys.replace(/^.*_HANDSHAKE_TRAFFIC_SECRET.*$/gm, ""));
    expect(session.state).toEqual({ state: "plaintext-known" });
    expect(saidBy("client", read)).toBe(SAYS.join(""));
    expect(saidBy("server", read)).toBe(SAYS.join("").toUpperCase());
  });
});
