/**
 * A QUIC connection without its socket: quiche's state machine, with the rules by which it is driven. Datagrams come in through
 * `receive` and leave through `transmit`; timers are kept here. Clients and servers alike.
 */
import type { Ns } from "../units/duration.js";
import { Alarms } from "./alarms.js";
import type { Application, Carrier, ConnectionEnd } from "./application.js";
import type { Host, NativeConnection, PathStats } from "./binding.js";
import { packetsIn } from "./coalesced.js";

export interface ConnectionOptions {
  readonly native: NativeConnection;
  readonly application: Application;
  /** Puts a datagram on the wire. The bytes are valid only during the call. */
  readonly transmit: (datagram: Uint8Array, from: Host, to: Host) => void;
  /**
   * Acknowledgements that have nothing else to ride on wait so long; 0: they go at the end of the turn of the event loop.
   * quiche acknowledges whenever it sends, so holding them back means not to send (RFC 9000 section 13.2.1).
   */
  readonly ackHoldNs: Ns;
  /** A PING when nothing was sent for so long; undefined: none. */
  readonly keepaliveNs: Ns | undefined;
  /** Ahead of the application's `onEstablished`. */
  readonly onHandshakeDone?: () => void;
  /** The connection's state is gone: its owner may forget it. */
  readonly onGone?: () => void;
}

/** Large enough for any datagram that quiche makes; shared, because nothing in it outlives the call that filled it. */
const OUT = Buffer.alloc(65_535);

export class QuicConnection implements Carrier {
  readonly native: NativeConnection;
  readonly #application: Application;
  readonly #options: ConnectionOptions;
  readonly #blocked = new Set<number>();
  readonly #awaited = new Map<number, () => void>();
  readonly #alarms: Alarms;
  /** The application wrote since the last flush. */
  #written = false;
  #inCallback = false;
  #early = false;
  /** The server has thrown away what went in 0-RTT (RFC 9001 section 4.6.2): known when the handshake is over. */
  earlyDataRefused = false;
  #established = false;
  #closed = false;
  #gone = false;

  constructor(options: ConnectionOptions) {
    this.native = options.native;
    this.#application = options.application;
    this.#options = options;
    this.#alarms = new Alarms({
      flush: () => this.flush(),
      timeoutMs: () => this.native.timeout(),
      expire: () => this.#expire(),
      ping: () => this.#ping(),
    });
  }

  get established(): boolean {
    return this.#established;
  }

  /** It was closed, by whomever: nothing more comes of it. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends the first flight; 0-RTT data with it, where a ticket allows it and the application has some.
   * @param resuming there is a ticket
   */
  start(resuming = false): void {
    if (resuming) this.#tell(() => this.#application.onFirstFlight?.(this));
    this.#sendAll();
    this.#settle();
    this.flush();
  }

  /**
   * Takes a datagram.
   * @returns false when it was no packet of this connection
   */
  receive(datagram: Uint8Array, from: Host, to: Host): boolean {
    if (this.#gone) return false;
    let taken = false;
    for (const packet of packetsIn(datagram)) {
      try {
        this.native.recv(packet, { from, to });
        taken = true;
      } catch {
        // A packet that cannot be read is dropped (RFC 9000 section 5.2.2); an error of TLS shows in localError below.
      }
      this.#lookAtEarlyData();
    }
    this.#settle();
    this.#afterReceiving();
    return taken;
  }

  /**
   * @returns how many of the bytes were taken; fewer than given: `onWritable` tells when there is room. A stream that the peer has
   * stopped, that is over, or that may not be opened yet, takes none and gives undefined, as a closed connection does
   */
  write(streamId: number, bytes: Uint8Array, end: boolean): number | undefined {
    if (this.#closed) return undefined;
    let taken: number | null;
    try {
      taken = this.native.streamSend(streamId, bytes, end);
    } catch {
      return undefined;
    }
    // A stream that both ends are done with takes nothing either, and never will.
    if (taken === null && this.#capacity(streamId) === undefined) return undefined;
    this.#written = true;
    if (!this.#inCallback) this.#alarms.soon();
    if ((taken ?? 0) < bytes.length) this.#blocked.add(streamId);
    return taken ?? 0;
  }

  /**
   * Reads what has come.
   * @returns bytes read and whether the stream has ended; "reset" when the peer broke it off; undefined: nothing is there
   */
  read(streamId: number, into: Uint8Array): { bytes: number; ended: boolean } | { reset: number } | undefined {
    try {
      const result = this.native.streamRecv(streamId, into);
      return result === null ? undefined : { bytes: result[0], ended: result[1] };
    } catch (error) {
      const [, code] = /StreamReset\((\d+)\)/.exec((error as Error).message) ?? [];
      return code === undefined ? undefined : { reset: Number(code) };
    }
  }

  /**
   * Calls back once the peer has acknowledged all that was written to a stream of both ways that both ends have ended, or has
   * stopped it. Never when the connection closes first.
   */
  whenDelivered(streamId: number, done: () => void): void {
    this.#awaited.set(streamId, done);
  }

  /** Breaks a stream off, both ways as far as they are open. */
  abandon(streamId: number, code: number): void {
    for (const direction of [0, 1]) {
      try {
        this.native.streamShutdown(streamId, direction, code);
      } catch {
        // That side is over already.
      }
    }
    this.#written = true;
    this.#alarms.soon();
  }

  /** Puts all that may go on the wire now, acknowledgements included. */
  flush(): void {
    this.#written = false;
    this.#alarms.flushed();
    this.#sendAll();
    if (!this.#gone) this.#alarms.follow();
    this.#lookAtEnd();
  }

  /**
   * 0-RTT ends with the handshake when it was taken, ahead of that when it was refused. quiche's handshake then stops until it
   * sends, and without its end the next packet of the datagram could not be read.
   */
  #lookAtEarlyData(): void {
    if (!this.#early || this.earlyDataRefused || this.native.isInEarlyData() || this.native.isEstablished()) return;
    this.earlyDataRefused = true;
    this.#sendAll();
  }

  /** Our own close; the application hears of it through `onClosed`. */
  close(application: boolean, code: number, reason = ""): void {
    if (this.#gone) return;
    try {
      this.native.close(application, code, Buffer.from(reason));
    } catch {
      // Closed already.
    }
    this.flush();
    this.#end({ by: "us", application, code, reason });
  }

  /** The socket says that nobody is there, or cannot send. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.#end({ by: "socket", application: false, code: 0, reason });
    this.#leave();
  }

  /** Forgets the connection without a word to the peer. */
  drop(): void {
    this.#closed = true;
    this.#leave();
  }

  /** The path in use. */
  get path(): PathStats | undefined {
    const paths = this.native.pathStats();
    return paths.find(({ active }) => active) ?? paths[0];
  }

  /** What has come: established, early data possible, streams to read and to write, paths, the end. */
  #settle(): void {
    this.#tell(() => {
      this.#tellHandshake();
      if (!this.#closed) this.#tellStreams();
      if (!this.#closed) this.#tellPaths();
      if (!this.#closed) this.#application.onTurn?.(this);
    });
    this.#lookAtEnd();
  }

  #tell(callback: () => void): void {
    const was = this.#inCallback;
    this.#inCallback = true;
    try {
      callback();
    } finally {
      this.#inCallback = was;
    }
  }

  #tellHandshake(): void {
    if (this.#established) return;
    if (!this.#early && this.native.isInEarlyData()) {
      this.#early = true;
      this.#application.onEarly?.(this);
    }
    if (!this.native.isEstablished()) return;
    this.#established = true;
    // The last of the handshake (Finished, HANDSHAKE_DONE) is not held back with acknowledgements.
    this.#written = true;
    if (this.#options.keepaliveNs !== undefined) this.#alarms.keepAlive(this.#options.keepaliveNs);
    this.#options.onHandshakeDone?.();
    this.#application.onEstablished(this);
  }

  #tellStreams(): void {
    for (const streamId of this.#readable()) {
      if (this.#closed) return;
      this.#application.onReadable(this, streamId);
    }
    for (const streamId of [...this.#blocked]) {
      // One that the peer has stopped too: the application learns that from its next write.
      if (this.#capacity(streamId) === 0) continue;
      this.#blocked.delete(streamId);
      this.#application.onWritable?.(this, streamId);
    }
    for (const [streamId, done] of [...this.#awaited]) {
      if (this.#capacity(streamId) !== undefined) continue;
      this.#awaited.delete(streamId);
      done();
    }
  }

  /** quiche's own list takes as long to make as a packet to encrypt (8 us): it is asked last, and only when it has something. */
  *#readable(): Iterable<number> {
    for (const streamId of this.#application.expects?.() ?? []) {
      if (this.native.streamReadable(streamId)) yield streamId;
    }
    if (this.native.isReadable()) yield* this.native.readable();
  }

  /** Bytes that would be taken; undefined: the stream is over, or the peer has stopped it. */
  #capacity(streamId: number): number | undefined {
    try {
      return this.native.streamCapacity(streamId);
    } catch {
      return undefined;
    }
  }

  #tellPaths(): void {
    for (let event = this.native.pathEventNext(); event !== null; event = this.native.pathEventNext()) {
      // What validates a path is not held back with acknowledgements (RFC 9000 section 8.2.2).
      this.#written = true;
      if (event.type === "Validated") {
        this.#application.onPath?.(this, { localPort: event.local.port, state: "validated" });
      } else if (event.type === "Closed") {
        this.#application.onPath?.(this, { localPort: event.local.port, state: "failed" });
      }
    }
  }

  /** Data goes at once, a lone acknowledgement when its time has come. */
  #afterReceiving(): void {
    if (this.#gone) return;
    if (this.#written || !this.#established || this.#closed) this.flush();
    else if (this.#options.ackHoldNs > 0) {
      this.#alarms.within(this.#options.ackHoldNs);
      this.#alarms.follow();
    } else this.#alarms.soon();
  }

  #sendAll(): void {
    if (this.#gone) return;
    for (;;) {
      let sent: ReturnType<NativeConnection["send"]>;
      try {
        sent = this.native.send(OUT);
      } catch {
        return;
      }
      if (sent === null) return;
      const [length, { from, to }] = sent;
      this.#options.transmit(OUT.subarray(0, length), from, to);
      this.#alarms.sent();
    }
  }

  /** One of quiche's timers: loss, idleness. */
  #expire(): void {
    if (this.#gone) return;
    this.native.onTimeout();
    this.#settle();
    this.flush();
  }

  #ping(): void {
    if (this.#closed) return;
    this.native.sendAckEliciting();
    this.flush();
  }

  #lookAtEnd(): void {
    // An error of the peer makes it drain, one of our own too, once it is told.
    if (this.#gone || !(this.native.isDraining() || this.native.isClosed())) return;
    const peer = this.native.peerError();
    if (peer !== null) {
      this.#end({ by: "peer", application: peer.isApp, code: peer.errorCode, reason: text(peer.reason) });
    } else {
      const ours = this.native.localError();
      if (ours !== null) {
        this.#end({ by: "us", application: ours.isApp, code: ours.errorCode, reason: text(ours.reason) });
      } else if (this.native.isTimedOut()) {
        this.#end({ by: "idle", application: false, code: 0, reason: "" });
      }
    }
    if (this.native.isClosed()) {
      this.#end({ by: "us", application: false, code: 0, reason: "" });
      this.#leave();
    }
  }

  #end(end: Omit<ConnectionEnd, "wasEstablished">): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell(() => this.#application.onClosed(this, { ...end, wasEstablished: this.#established }));
  }

  /** Nothing is kept but the figures that quiche still knows. */
  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#alarms.clear();
    this.#options.onGone?.();
  }
}

/** What a peer says, so that a terminal can show it. */
const text = (bytes: Uint8Array): string =>
  bytes.length === 0
    ? ""
    : Buffer.from(bytes)
        .toString("utf8")
        .replace(/[^ -~]/g, "?")
        .slice(0, 200);
