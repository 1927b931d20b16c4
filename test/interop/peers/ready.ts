/** Free ports, and whether something answers on one. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";

/** Where a server answers when it is up. */
export type Ready =
  | { readonly transport: "tcp" | "quic"; readonly address: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** TCP and Unix sockets: accepts a connection. QUIC: answers. */
export function answers(ready: Ready): Promise<boolean> {
  if (ready.transport === "quic") return negotiatesVersions(ready.address, ready.port);
  return accepts(ready.transport === "unix" ? { path: ready.path } : { host: ready.address, port: ready.port });
}

/** The same for a server in a network namespace, which cannot be reached from here: asks the kernel whether its port is open. */
export function isOpenIn(pid: number, ready: Ready): boolean | Promise<boolean> {
  if (ready.transport === "unix") return answers(ready); // a path does not depend on the network
  const [table, open] = ready.transport === "tcp" ? ["tcp", "0A"] : ["udp", "07"]; // TCP_LISTEN, TCP_CLOSE (unconnected)
  const local = `${hexAddress(ready.address)}:${ready.port.toString(16).toUpperCase().padStart(4, "0")}`;
  // gRPC's C-core listens on IPv4-mapped IPv6 addresses, which end in the IPv4 address.
  return [table, `${table}6`]
    .flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, "latin1").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .some((fields) => fields[1]?.endsWith(local) && fields[3] === open);
}

/** As /proc/net/tcp writes an IPv4 address: the bytes reversed (on a little-endian machine). */
function hexAddress(address: string): string {
  return Buffer.from(address.split(".").map(Number).reverse()).toString("hex").toUpperCase();
}

function accepts(to: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Sends a datagram of an unknown QUIC version: a server answers it with Version Negotiation (RFC 9000, section 6). */
function negotiatesVersions(address: string, port: number): Promise<boolean> {
  const unknownVersion = 0x1a2a3a4a; // reserved for this, RFC 9000, section 15
  const datagram = Buffer.alloc(1200); // smaller ones are dropped
  datagram.writeUInt8(0xc0, 0);
  datagram.writeUInt32BE(unknownVersion, 1);
  for (const at of [5, 14]) datagram.writeUInt8(8, at); // two connection IDs of 8 bytes
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const end = (up: boolean) => {
      clearTimeout(late);
      socket.close();
      resolve(up);
    };
    const late = setTimeout(() => end(false), 100);
    socket.once("message", (answer) => end(answer.readUInt8(0) >= 0x80 && answer.readUInt32BE(1) === 0));
    socket.once("error", () => end(false)); // ECONNREFUSED: not up yet
    socket.connect(port, address, () => socket.send(datagram));
  });
}

/** Ports of 127.0.0.1 on which nothing listens at this moment, neither TCP nor UDP; all different. */
export async function freePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> {
  const held: { close(): void }[] = [];
  try {
    const found: Partial<Record<Name, number>> = {};
    for (const name of names) found[name] = await holdFreePort(held);
    return found as Record<Name, number>;
  } finally {
    for (const socket of held) socket.close();
  }
}

async function holdFreePort(held: { close(): void }[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    held.push(server);
    const { port } = server.address() as AddressInfo;
    const socket = createSocket("udp4").bind(port, "127.0.0.1");
    try {
      await once(socket, "listening"); // rejects when the socket has an error
      held.push(socket);
      return port;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}
