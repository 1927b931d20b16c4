import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { CAPABILITY_NAMES } from "../../src/sockets/capabilities.js";
import { fdOf, loadSocketOptions, platformCapabilities, type SocketOptions } from "../../src/sockets/socket-options.js";
import { lab, client as labClient, tlsClient } from "../lab/client.js";
import { onlyIf } from "../skip.js";

const KERNEL = loadSocketOptions();
const WITH_KERNEL = onlyIf(!("unavailable" in KERNEL), "socket options need Linux and koffi");
const kernel = KERNEL as SocketOptions;

/** Both ends of a connection; what the server's end gets is thrown away. */
async function pair(): Promise<{ client: Socket; server: Socket; fd: number }> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [server] = (await once(listener, "connection")) as [Socket];
  if (client.connecting) await once(client, "connect");
  server.resume();
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server, fd: fdOf(client) as number };
}

const write = (socket: Socket, text: string): Promise<void> => new Promise((done) => socket.write(text, () => done()));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("socket options", WITH_KERNEL, () => {
  it("reads what the kernel counted", async () => {
    const { client, server, fd } = await pair();
    client.setNoDelay(true);
    for (const piece of ["one", "two", "three"]) await write(client, piece);
    await write(server, "answer");
    await once(client, "data");
    const info = kernel.tcpInfo(fd);
    expect(info).toMatchObject({ dataSegsOut: 3, dataSegsIn: 1, retransmits: 0, totalRetransmits: 0 });
    expect(info?.length).toBeGreaterThanOrEqual(160);
    expect(info?.sndMss).toBeGreaterThan(500);
    expect(info?.segsOut).toBeGreaterThanOrEqual(4); // SYN excluded or not, the handshake's ACK and three pieces
    expect(info?.rttUs).toBeGreaterThan(0);
    expect(info?.rttUs).toBeLessThan(1e6);
    expect(info?.minRttUs).toBeLessThanOrEqual(info?.rttUs as number);
  });

  it("holds a piece back with a cork, and lets it go without", async () => {
    const { client, fd } = await pair();
    client.setNoDelay(true);
    expect(kernel.setCork(fd, true)).toBe(true);
    await write(client, "one");
    await write(client, "two");
    expect(kernel.tcpInfo(fd)?.dataSegsOut).toBe(0);
    expect(kernel.setCork(fd, false)).toBe(true);
    expect(kernel.tcpInfo(fd)?.dataSegsOut).toBe(1);
  });

  /** Three small writes with Nagle's algorithm on, to a peer that delays its ACKs; `held`: segments they have left in. */
  async function holding() {
    const { client, server, fd } = await pair();
    kernel.setQuickAck(fdOf(server) as number, false); // a fresh connection acknowledges at once, and then nothing is held
    expect(kernel.setNoDelay(fd, false)).toBe(true);
    for (const piece of ["one", "two", "three"]) await write(client, piece);
    return { client, fd, held: kernel.tcpInfo(fd)?.dataSegsOut as number };
  }

  it("turns Nagle's algorithm on and off", async () => {
    let { client, fd, held } = await holding();
    // On a busy machine the delayed ACK may fire between two writes: then nothing is left to be held.
    for (let tries = 0; tries < 5 && held === 3; tries++) ({ client, fd, held } = await holding());
    expect(held).toBeLessThan(3);
    expect(kernel.setNoDelay(fd, true)).toBe(true);
    expect(kernel.tcpInfo(fd)?.dataSegsOut).toBe(held + 1);
    await write(client, "four");
    expect(kernel.tcpInfo(fd)?.dataSegsOut).toBe(held + 2);
  });

  it("acknowledges at once with TCP_QUICKACK: the peer's Nagle no longer holds its second piece", async () => {
    const { client, server, fd } = await pair();
    client.on("data", () => kernel.setQuickAck(fd, true));
    expect(kernel.setQuickAck(fd, true)).toBe(true);
    await write(server, "one");
    await write(server, "two");
    const start = performance.now();
    let got = 0;
    while (got < 6) got += ((await once(client, "data")) as [Buffer])[0].length;
    expect(performance.now() - start).toBeLessThan(20);
  });

  it("says that a closed socket takes no option", async () => {
    const { client, fd } = await pair();
    client.destroy();
    await once(client, "close");
    expect(fdOf(client)).toBeUndefined();
    expect([kernel.setQuickAck(fd, true), kernel.setCork(-1, true), kernel.tcpInfo(-1)]).toEqual([false, false, null]);
  });

  it("finds the TCP socket under TLS", async () => {
    const server = await lab("echo", { tls: true });
    const direct = await tlsClient(server);
    const wrapped = connectTls({ socket: (await labClient(server)).socket, rejectUnauthorized: false });
    await once(wrapped, "secureConnect");
    onTestFinished(() => void wrapped.destroy());
    for (const socket of [direct.socket, wrapped]) {
      expect(kernel.tcpInfo(fdOf(socket) ?? -1)?.dataSegsOut).toBeGreaterThan(0);
    }
  });
});

describe("capabilities", () => {
  it("has all of them on Linux with koffi", WITH_KERNEL, () => {
    expect(Object.entries(platformCapabilities())).toEqual(CAPABILITY_NAMES.map((name) => [name, "yes"]));
  });

  it(
    "has what Node has without koffi, and says what to install",
    onlyIf(process.platform === "linux", "Linux's reason"),
    () => {
      vi.stubEnv("NETLAT_WITHOUT_KOFFI", "1");
      const no = "no: koffi is not installed (npm install koffi)";
      expect(loadSocketOptions()).toEqual({ unavailable: "koffi is not installed (npm install koffi)" });
      expect(platformCapabilities()).toEqual({
        nodelay: "yes",
        quickack: no,
        cork: no,
        maxSegment: no,
        tcpInfo: no,
        timestamping: no,
      });
    },
  );

  it("has what Node has elsewhere", () => {
    vi.stubGlobal("process", { ...process, platform: "darwin", env: process.env });
    expect(platformCapabilities()).toMatchObject({ nodelay: "yes", tcpInfo: "no: Linux only (this is darwin)" });
    vi.unstubAllGlobals();
  });
});
