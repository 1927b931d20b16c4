/** What a connection tells the application on it: HTTP/3, raw streams, DNS. The driver knows none of them. */
import type { QuicConnection } from "./connection.js";

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
  /** Streams may be opened in 0-RTT: the handshake is not over, and the server may yet refuse what was sent. */
  onEarly?(connection: QuicConnection): void;
  onEstablished(connection: QuicConnection): void;
  /** There are bytes or an end to read. */
  onReadable(connection: QuicConnection, streamId: number): void;
  /** A write had been taken only in part: there is room again. */
  onWritable?(connection: QuicConnection, streamId: number): void;
  /** Once, and nothing after it. */
  onClosed(connection: QuicConnection, end: ConnectionEnd): void;
  /** Behind all others, once for each datagram that came: there may be room for streams again. */
  onTurn?(connection: QuicConnection): void;
  onPath?(connection: QuicConnection, event: PathChange): void;
}

/** The path to the peer: `validated` from `localPort`, or closed without that. */
export interface PathChange {
  readonly localPort: number;
  readonly state: "validated" | "failed";
}
