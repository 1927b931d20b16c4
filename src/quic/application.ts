/** What a connection tells the application on it: HTTP/3, raw streams, DNS. The driver knows none of them. */

/** What an application may do with its connection: `QuicConnection` says how, and does more. */
export interface Carrier {
  write(streamId: number, bytes: Uint8Array, end: boolean): number | undefined;
  read(streamId: number, into: Uint8Array): { bytes: number; ended: boolean } | { reset: number } | undefined;
  abandon(streamId: number, code: number): void;
  flush(): void;
  close(application: boolean, code: number, reason?: string): void;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** `us`: we closed it, or our engine found fault. `idle`: nothing was heard for the idle timeout. `socket`: the network refused. */
  readonly by: "us" | "peer" | "idle" | "socket";
  /** The application's error code, not the transport's. */
  readonly application: boolean;
  readonly code: number;
  /** Printable; may be empty. */
  readonly reason: string;
  /** It had been established. */
  readonly wasEstablished: boolean;
}

/** Each is called from the driver's own turn of the event loop; it may write, and what it writes goes out when it returns. */
export interface Application {
  /**
   * There is a ticket, and the first datagram is still to be made: what is written now rides in it, as 0-RTT where the ticket
   * allows that, and otherwise goes when the handshake is over. A server that gets 0-RTT in a datagram of its own may take its
   * time over it.
   */
  onFirstFlight?(connection: Carrier): void;
  /** Streams may be opened in 0-RTT: the handshake is not over, and the server may yet refuse what was sent. */
  onEarly?(connection: Carrier): void;
  onEstablished(connection: Carrier): void;
  /** A few streams at most on which something is likely to come: they are looked at first, which is quicker. */
  expects?(): Iterable<number>;
  /** There are bytes or an end to read. */
  onReadable(connection: Carrier, streamId: number): void;
  /** A write had been taken only in part: there is room again. */
  onWritable?(connection: Carrier, streamId: number): void;
  /** Once, and nothing after it. */
  onClosed(connection: Carrier, end: ConnectionEnd): void;
  /** Behind all others, once for each datagram that came: there may be room for streams again. */
  onTurn?(connection: Carrier): void;
  onPath?(connection: Carrier, event: PathChange): void;
}

/** The path to the peer: `validated` from `localPort`, or closed without that. */
export interface PathChange {
  readonly localPort: number;
  readonly state: "validated" | "failed";
}
