/** The lab servers behind `netlat serve` and `lab:` endpoints: real sockets, and delays, holds and faults on demand. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { EXIT, NetlatError } from "../errors.js";
import { fdOf, loadSocketOptions } from "../sockets/socket-options.js";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "./certificate.js";
import { serveConnection } from "./connection.js";
import { DIALECTS } from "./dialects.js";
import { filler } from "./filler.js";
import type { Floor } from "./floor.js";
import { serveH2 } from "./h2/connection.js";
import { isH2Kind, isQuicKind, type LabKind, type TcpKind, usesTls } from "./kinds.js";
import { cannotListen, type Lab } from "./lab.js";
import { type LabOptions, labOptions } from "./options.js";
import type { serveQuic as ServeQuic } from "./quic/server.js";

/**
 * Starts a lab server in this process. `pause` then stops this process.
 * @throws NetlatError: exit 4 when it cannot listen, exit 2 when `quickack`, or QUIC, is asked for and cannot be had here
 */
export async function startLab(kind: LabKind, given: Partial<LabOptions> = {}): Promise<Lab> {
  const options = labOptions(given);
  const floor: Floor = {
    options,
    value: filler(options.valueBytes),
    requests: 0,
    acknowledgeAtOnce: options.quickack ? quickAck() : undefined,
  };
  if (!isQuicKind(kind)) return serveTcp(kind, floor);
  // Only who asks for QUIC pays for it.
  const { serveQuic } = await import("./quic/server.js");
  return kind === "h3" ? serveBoth(floor, serveQuic) : serveQuic(kind, floor, options.port);
}

/** HTTP/3 with HTTP/2 and HTTP/1.1 beside it, on the port of the same number, as web servers have it. */
async function serveBoth(floor: Floor, serveQuic: typeof ServeQuic): Promise<Lab> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await serveTcp("h2", floor);
    try {
      const quic = await serveQuic("h3", floor, tcp.port);
      return { ...quic, close: async () => void (await Promise.all([quic.close(), tcp.close()])) };
    } catch (error) {
      await tcp.close();
      // A port that the kernel chose for TCP may be somebody's in UDP.
      const isTaken = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
      if (!isTaken || floor.options.port !== 0 || attempt === MOST_PORTS) throw error;
    }
  }
}

const MOST_PORTS = 10;

async function serveTcp(kind: TcpKind, floor: Floor): Promise<Lab> {
  const { options } = floor;
  const server = createLabServer(kind, options, (socket) => accept(kind, socket, floor));
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  const { address, port } = await listen(server, options);
  return {
    address,
    port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}

function createLabServer(kind: TcpKind, options: LabOptions, accepted: (socket: Socket) => void): Server {
  const behaviour = { noDelay: !options.nagle, allowHalfOpen: true };
  if (!usesTls(kind, options)) return createServer(behaviour, accepted);
  const secure = { ...behaviour, cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY };
  const protocols = ALPN[kind];
  return createTlsServer(protocols === undefined ? secure : { ...secure, ALPNProtocols: protocols }, accepted);
}

/** What TLS servers offer (RFC 7301). As most web servers h2 also speaks HTTP/1.1, to a client that wants no more. */
const ALPN: { readonly [K in TcpKind]?: string[] } = { h2: ["h2", "http/1.1"], grpc: ["h2"] };

function accept(kind: TcpKind, socket: Socket, floor: Floor): void {
  if (!isH2Kind(kind)) serveConnection(socket, DIALECTS[kind](floor), floor);
  else if (kind === "h2" && (socket as TLSSocket).alpnProtocol !== "h2")
    serveConnection(socket, DIALECTS.http(floor), floor);
  else serveH2(socket, kind, floor);
}

function listen(server: Server, { host, port }: LabOptions): Promise<AddressInfo> {
  return new Promise((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => fail(cannotListen(error, host, port)));
    server.listen({ host, port }, () => done(server.address() as AddressInfo));
  });
}

function quickAck(): (socket: Socket) => void {
  const kernel = loadSocketOptions();
  if ("unavailable" in kernel) {
    throw new NetlatError(EXIT.usage, `quickack on: the lab cannot set TCP_QUICKACK here, ${kernel.unavailable}`);
  }
  return (socket) => {
    const fd = fdOf(socket);
    if (fd !== undefined) kernel.setQuickAck(fd, true);
  };
}
