/** One stream of an endpoint (RFC 9113 section 5.1), with the times that say where its milliseconds went. */

export type StreamState = "queued" | "open" | "half-closed-local" | "half-closed-remote" | "closed";

/** Bytes that wait for window. */
export interface PendingData {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/**
 * Owners read it; the connection writes it. Times are integer nanoseconds of the owner's clock; -1: not yet.
 */
export class H2Stream {
  /** 0 while the request waits for a stream (state `queued`). */
  id = 0;
  state: StreamState = "queued";
  /** The owner's own: what this stream is for. */
  tag: unknown = undefined;
  /** When the request was asked for, and when its HEADERS were put into the output. */
  askedNs = -1;
  openedNs = -1;
  /** The peer's SETTINGS were acknowledged by us, and ours by the peer, when the stream was opened. */
  weHadAcked = false;
  peerHadAcked = false;
  /** Content sent and received, without padding, in bytes. */
  sentBytes = 0;
  receivedBytes = 0;
  /** How long data waited for window, by the window that was closed. The present wait is not in it. */
  readonly sendStallNs = { stream: 0, connection: 0 };
  /** The peer asks and we answer. */
  isRequestOfPeer = false;
  /** Final headers have come (a response, or a request), so the next block is trailers. */
  headersSeen = false;
  informational = 0;

  /** What the peer lets us send, and we let the peer send, in bytes; may be negative (section 6.9.2). */
  sendWindow = 0;
  receiveWindow = 0;
  /** Received, but not yet given back by WINDOW_UPDATE. */
  unreturnedBytes = 0;
  /** When the peer used up the receive window; -1: it has not. */
  exhaustedNs = -1;
  readonly pending: PendingData[] = [];
  /** END_STREAM goes out with the last pending byte; trailers, when there are some, carry it instead. */
  endAfterPending = false;
  trailers: (() => void) | undefined = undefined;
  blockedOn: "stream" | "connection" | undefined = undefined;
  blockedNs = -1;

  get canSend(): boolean {
    return this.state === "open" || this.state === "half-closed-remote";
  }

  get canReceive(): boolean {
    return this.state === "open" || this.state === "half-closed-local";
  }
}
