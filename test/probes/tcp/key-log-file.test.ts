import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "../../../src/lab/certificate.js";
import { KeyLogFile } from "../../../src/probes/tcp/key-log-file.js";
import { netEngine } from "../../../src/probes/tcp/net-engine.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import { TlsSession } from "../../../src/protocols/tls/session.js";
import { answering, GET, kinds, listen, load, spec } from "./net-lane.js";

function scratchFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "netlat-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "keys.log");
}

async function serveTls(version: tls.SecureVersion): Promise<number> {
  const server = tls.createServer({ cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY, maxVersion: version }, (socket) =>
    answering()(socket, 0),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

/** Relays TCP to `port`, and reads what the client sends with the secrets of `keys` when it is over. */
async function readingRelay(port: number): Promise<{ port: number; requests: (keys: KeyLog) => string[] }> {
  const connections: { from: "client" | "server"; bytes: Uint8Array }[][] = [];
  const relay = await listen((client) => {
    const sent: (typeof connections)[number] = [];
    connections.push(sent);
    const server = net.connect(port, "127.0.0.1");
    server.on("error", () => {});
    const pass = (from: "client" | "server", source: net.Socket, sink: net.Socket) =>
      source.on("data", (bytes) => {
        sent.push({ from, bytes: Uint8Array.from(bytes) });
        sink.write(bytes);
      });
    pass("client", client, server);
    pass("server", server, client);
    client.on("close", () => server.destroy());
  });
  const read = (keys: KeyLog, sent: (typeof connections)[number]): string => {
    const session = new TlsSession(keys);
    const at = { client: 0, server: 0 };
    let requests = "";
    for (const { from, bytes } of sent) {
      for (const plain of session.push(from, bytes, at[from])) {
        if (plain.from === "client") requests += Buffer.from(plain.bytes).toString("latin1");
      }
      at[from] += bytes.length;
    }
    return requests;
  };
  return { port: relay, requests: (keys) => connections.map((sent) => read(keys, sent)) };
}

describe("the key log of a probe", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("opens every one of its connections: %s", async (version) => {
    const relay = await readingRelay(await serveTls(version));
    const keyLogFile = scratchFile();
    writeFileSync(keyLogFile, "# there before\n");
    const target = { endpoint: "", host: "localhost", port: relay.port, transport: "tls", request: GET } as const;
    const settings = { servername: undefined, insecure: false, ca: LAB_CERTIFICATE, cert: undefined, key: undefined };
    const engine = netEngine();
    const lane = await engine.open(spec(relay.port, { target, tls: { ...settings, keyLogFile }, reuse: false }));
    const result = await lane.run(load(3), new AbortController().signal, () => {});
    await lane.close();
    await engine.close();
    expect(kinds(result.measured)).toEqual(["miss", "miss", "miss"]);
    const text = readFileSync(keyLogFile, "utf8");
    expect(text.startsWith("# there before\n")).toBe(true);
    const keys = new KeyLog();
    keys.add(text);
    expect(keys).toMatchObject({ connections: 3, malformedLines: 0 });
    expect(relay.requests(keys)).toEqual(Array(3).fill("get k\r\n"));
  });

  it("is its owner's alone, and may be told of secrets after its end", async () => {
    const path = scratchFile();
    const file = new KeyLogFile(path);
    file.add(Buffer.from("first\n"));
    file.close();
    file.add(Buffer.from("late\n"));
    await new Promise(setImmediate);
    expect(readFileSync(path, "utf8")).toBe("first\n");
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("that cannot be written is refused in a sentence", () => {
    expect(() => new KeyLogFile("/nowhere/keys.log")).toThrow(
      /^--keylog-out \/nowhere\/keys\.log: cannot be written \(ENOENT\); name a file/,
    );
    const full = new KeyLogFile("/dev/full");
    full.add(Buffer.from("line\n"));
    expect(() => full.close()).toThrow(/^--keylog-out \/dev\/full: cannot be written \(ENOSPC\)/);
  });
});
