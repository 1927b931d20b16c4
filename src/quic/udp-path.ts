/** One UDP socket that is connected to one peer: a client's way to its server, from one local port. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Host } from "./binding.js";

export interface UdpPeer {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

export interface UdpEvents {
  /** @param atNs when this process read it, on the clock of `performance.now()` */
  onDatagram(datagram: Uint8Array, path: UdpPath, atNs: number): void;
  /** Such as ECONNREFUSED, from an ICMP message. */
  onTrouble(error: NodeJS.ErrnoException): void;
}

/** As much as the kernel gives: a server's burst must not be lost here. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 ** 2;

/** Asks the kernel for a large receive buffer; the default must do where it gives none. */
export function widenReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // The default must do.
  }
}

export class UdpPath {
  readonly peer: Host;
  readonly local: Host;
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket, { address, port }: UdpPeer, events: UdpEvents) {
    this.#socket = socket;
    this.peer = { host: withoutZone(address), port };
    const bound = socket.address();
    this.local = { host: withoutZone(bound.address), port: bound.port };
    socket.on("message", (datagram) => events.onDatagram(datagram, this, performance.now() * 1e6));
    socket.on("error", (error: NodeJS.ErrnoException) => events.onTrouble(error));
  }

  /** @throws the system's error when there is no socket or no route */
  static async open(peer: UdpPeer, events: UdpEvents): Promise<UdpPath> {
    const socket = createSocket(peer.family === 6 ? "udp6" : "udp4");
    try {
      socket.connect(peer.port, peer.address);
      await once(socket, "connect");
    } catch (error) {
      socket.close();
      throw error;
    }
    widenReceiveBuffer(socket);
    return new UdpPath(socket, peer, events);
  }

  /** @param datagram is kept until it is sent: never a buffer that is used again */
  send(datagram: Uint8Array): void {
    if (this.#open) this.#socket.send(datagram);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }
}

/** quiche takes a link-local address without its zone, `%eth0` (RFC 4007 section 11); sockets do not. */
export const withoutZone = (address: string): string => address.replace(/%.*$/, "");
