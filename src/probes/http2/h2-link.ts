/** One HTTP/2 connection on a socket: moves bytes between the two, and tells its owner what happens to which request. */

import type { RequestOptions } from "../../protocols/h2/client.js";
import { H2Client } from "../../protocols/h2/client.js";
import type { H2Event } from "../../protocols/h2/events.js";
import type { H2Fault } from "../../protocols/h2/fault.js";
import { HTTP1_INSTEAD } from "../../protocols/h2/frame-rules.js";
import type { ErrorName } from "../../protocols/h2/names.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import { nowNs } from "../clock.js";
import { type ConnectionOwner, NetConnection } from "../tcp/net-connection.js";
import type { Trouble } from "../tcp/net-failure.js";
import type { H2Plan } from "./h2-plan.js";
import { H2Writer, type Written } from "./h2-writer.js";

export interface LinkOwner {
  /** TCP is established. */
  onConnect(link: H2Link): void;
  /** Requests may be sent. The server's SETTINGS are still to come. */
  onOpen(link: H2Link): void;
  onEvent(link: H2Link, event: H2Event): void;
  onBegan(link: H2Link, streamId: number, nowNs: number): void;
  onWhole(link: H2Link, streamId: number, nowNs: number, writes: number): void;
  /** It is of no more use: closed by the peer, broken, or the peer spoke no HTTP/2. Told once. */
  onLost(link: H2Link, trouble: Trouble): void;
}

/** What stays in this process before DATA waits: more could no longer be overtaken by another stream. */
const MAX_BACKLOG_BYTES = 256 * 1024;
const READ_BUFFER_BYTES = 65_536;

function faultWords({ code, reason }: H2Fault): string {
  return reason === HTTP1_INSTEAD
    ? "the server answers with HTTP/1, not HTTP/2: ask it with http://, or name a port that speaks HTTP/2"
    : `HTTP/2 ${code}: ${reason}`;
}

export class H2Link implements ConnectionOwner, Written {
  readonly net: NetConnection;
  readonly #plan: H2Plan;
  readonly #owner: LinkOwner;
  readonly #options: Omit<ConnectionOptions, "emit">;
  #client: H2Client | undefined;
  #writer: H2Writer | undefined;
  #receiving = false;
  #flushDue = false;
  /** The rest of the output goes on when the socket drains. */
  #drainDue = false;
  #over = false;
  openNs = Number.NaN;
  /** PINGs sent on it. */
  pings = 0;
  /** When the oldest PING went out that has not been answered; NaN: all are. */
  unansweredNs = Number.NaN;

  constructor(plan: H2Plan, options: Omit<ConnectionOptions, "emit">, owner: LinkOwner) {
    this.#plan = plan;
    this.#owner = owner;
    this.#options = options;
    this.net = new NetConnection(plan, new Uint8Array(READ_BUFFER_BYTES), this);
  }

  /** undefined until it is open. */
  get client(): H2Client | undefined {
    return this.#client;
  }

  /** @returns undefined when it takes no new requests */
  request(options: RequestOptions): H2Stream | undefined {
    const stream = this.#client?.request(options, nowNs());
    this.#flushSoon();
    return stream;
  }

  ping(): void {
    if (this.#client === undefined || this.#over) return;
    const now = nowNs();
    this.pings++;
    if (Number.isNaN(this.unansweredNs)) this.unansweredNs = now;
    this.#client.ping(now);
    this.flush();
  }

  /** A PING was not answered in time: to us the connection is dead. */
  giveUp(says: string): void {
    this.#lose({ failure: "timeout", says, closingRace: false });
  }

  reset(stream: H2Stream, code: ErrorName): void {
    this.#client?.reset(stream, code, nowNs());
    this.flush();
  }

  /** Writes what is to be written. */
  flush(): void {
    const client = this.#client;
    if (client === undefined || this.#over || this.#receiving) return;
    // With nothing in the way there is one output; a body beyond the backlog goes on when the socket drains.
    while ((this.#writer as H2Writer).backlog < MAX_BACKLOG_BYTES) {
      const output = client.takeOutput(nowNs());
      if (output === undefined) return;
      (this.#writer as H2Writer).write(output);
    }
    if (this.#drainDue) return;
    this.#drainDue = true;
    this.net.stream.once("drain", () => {
      this.#drainDue = false;
      this.flush();
    });
  }

  /** Closes at once; the owner hears no more of it. */
  drop(): void {
    this.#over = true;
    this.#writer?.stop();
    this.net.drop();
  }

  onConnect(): void {
    this.#owner.onConnect(this);
  }

  onOpen(): void {
    const { stream } = this.net;
    if ("alpnProtocol" in stream && stream.alpnProtocol !== "h2") {
      const chosen = stream.alpnProtocol === false ? "nothing" : String(stream.alpnProtocol);
      this.#lose({
        failure: "tls",
        says: `the server did not choose h2 (ALPN: ${chosen}); try --http1.1`,
        closingRace: false,
      });
      return;
    }
    this.openNs = nowNs();
    this.#writer = new H2Writer(this.#plan, this.net, this);
    this.#client = new H2Client({ ...this.#options, emit: (event) => this.#owner.onEvent(this, event) }, this.openNs);
    this.#owner.onOpen(this);
    this.flush();
  }

  onBytes(_: NetConnection, chunk: Uint8Array, length: number): void {
    const client = this.#client;
    if (client === undefined || this.#over) return;
    this.#writer?.received();
    this.#receiving = true;
    client.receive(chunk, 0, length, nowNs());
    this.#receiving = false;
    this.flush();
    if (client.fault !== undefined) {
      this.#lose({ failure: "malformed", says: faultWords(client.fault), closingRace: false });
    }
  }

  onTaken(): void {
    this.#writer?.taken();
  }

  onEnd(): void {
    const spoke = this.#client === undefined || this.#client.frames.received.SETTINGS !== undefined;
    this.#lose({
      failure: "closed",
      says: spoke ? "the peer closed the connection" : this.#mute(),
      closingRace: spoke,
    });
  }

  onError(_: NetConnection, trouble: Trouble): void {
    this.net.silence();
    // What was raised inside a system call of ours is told in a later turn, as the lane expects.
    setImmediate(() => this.#lose(trouble));
  }

  began(streamId: number, now: number): void {
    this.#owner.onBegan(this, streamId, now);
  }

  ended(streamId: number, now: number, writes: number): void {
    this.#owner.onWhole(this, streamId, now, writes);
  }

  /** It closed before it sent its SETTINGS, which come first of all (RFC 9113 section 3.4). */
  #mute(): string {
    const other = this.#plan.tls === undefined ? " A port with TLS is asked with https:// or grpcs://" : "";
    return `the peer closed the connection before it said a word of HTTP/2: does this port speak it?${other}`;
  }

  /** Requests of the same turn travel in one write, as those of a client that has several to send. */
  #flushSoon(): void {
    if (this.#receiving || this.#flushDue) return;
    if (this.#plan.spec.pipeline === 1) {
      this.flush();
      return;
    }
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      this.flush();
    });
  }

  #lose(trouble: Trouble): void {
    if (this.#over) return;
    this.#over = true;
    this.#writer?.stop();
    this.net.silence();
    this.#owner.onLost(this, trouble);
  }
}
