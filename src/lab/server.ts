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
import { isH2Kind, type LabKind, usesTls } from "./kinds.js";
import { type LabOptions, labOptions } from "./options.js";

export interface Lab {
  readonly address: string;
  readonly port: number;
  /** Stops listening and drops all connections. */
  close(): Promise<void>;
}

/**
 * Starts a lab server in this process. `pause` then stops this process.
 * @throws NetlatError: exit 4 when it cannot listen, exit 2 when `quickack` is asked for and cannot be set here
 */
export async function startLab(kind: LabKind, given: Partial<LabOptions> = {}): Promise<Lab> {
  const options = labOptions(given);
  const floor: Floor = {
    options,
    value: filler(options.valueBytes),
    requests: 0,
    acknowledgeAtOnce: options.quickack ? quickAck() : undefined,
  };
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

function createLabServer(kind: LabKind, options: LabOptions, accepted: (socket: Socket) => void): Server {
  const behaviour = { noDelay: !options.nagle, allowHalfOpen: true };
  if (!usesTls(kind, options)) return createServer(behaviour, accepted);
  const secure = { ...behaviour, cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY };
  const protocols = ALPN[kind];
  return createTlsServer(protocols === undefined ? secure : { ...secure, ALPNProtocols: protocols }, accepted);
}

/** What TLS servers offer (RFC 7301). As most web servers h2 also speaks HTTP/1.1, to a client that wants no more. */
const ALPN: { readonly [K in LabKind]?: string[] } = { h2: ["h2", "http/1.1"], grpc: ["h2"] };

function accept(kind: LabKind, socket: Socket, floor: Floor): void {
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

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): NetlatError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use; choose another with --port, or 0 for any free one`,
    EACCES: `port ${port} on ${host} is not ours to use; choose one from 1024 with --port, or 0 for any free one`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose one of its own with --host, such as 127.0.0.1`,
    ENOTFOUND: `${host} is not a name that this machine can resolve; choose an address with --host, such as 127.0.0.1`,
  };
  return new NetlatError(
    EXIT.unreachable,
    reasons[error.code ?? ""] ?? `cannot listen on ${host} port ${port}: ${error.message}`,
    {
      cause: error,
    },
  );
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
