/** A client and a server joined by a network that is only an array: bytes arrive `delayNs` later, cut as the test wants. */
import { type ClientOptions, H2Client } from "../../../src/protocols/h2/client.js";
import type { H2Connection } from "../../../src/protocols/h2/connection.js";
import type { H2Event } from "../../../src/protocols/h2/events.js";
import { frameName } from "../../../src/protocols/h2/names.js";
import { type OutFrame, PREFACE_TYPE } from "../../../src/protocols/h2/outbox.js";
import { H2Server, type ServerOptions } from "../../../src/protocols/h2/server.js";
import type { HeaderField } from "../../../src/protocols/hpack/field.js";

export const MS = 1_000_000;

export const list = (fields: Readonly<Record<string, string>>): HeaderField[] =>
  Object.entries(fields).map(([name, value]) => ({ name, value }));
export const GET = list({ ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "lab" });
export const POST = list({ ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "lab" });
export const OK = list({ ":status": "200" });

type Event<T extends H2Event["type"]> = Extract<H2Event, { type: T }>;

export class Side {
  readonly events: H2Event[] = [];
  /** Content received, by stream, as text. */
  readonly content = new Map<number, string>();
  /** Frames that went out, such as `HEADERS 1`. */
  readonly sent: string[] = [];
  /** Bytes that went out. */
  readonly wire: Uint8Array[] = [];
  react: (event: H2Event) => void = () => {};

  readonly emit = (event: H2Event): void => {
    if (event.type === "data") {
      const { id } = event.stream;
      const piece = Buffer.from(event.bytes.subarray(event.start, event.end)).toString("latin1");
      this.content.set(id, (this.content.get(id) ?? "") + piece);
    } else {
      this.events.push(event);
    }
    this.react(event);
  };

  of<T extends H2Event["type"]>(type: T): Event<T>[] {
    return this.events.filter((event): event is Event<T> => event.type === type);
  }

  wrote({ type, streamId }: OutFrame): void {
    this.sent.push(type === PREFACE_TYPE ? "preface" : `${frameName(type)} ${streamId}`);
  }
}

export interface NetworkOptions {
  readonly client?: Partial<ClientOptions>;
  readonly server?: Partial<ServerOptions>;
  readonly delayNs?: number;
  /** The largest chunk that arrives at once. Default: as written. */
  readonly chunkBytes?: number;
}

export class Network {
  nowNs = 0;
  readonly clientSide = new Side();
  readonly serverSide = new Side();
  readonly client: H2Client;
  readonly server: H2Server;
  readonly #delayNs: number;
  readonly #chunkBytes: number;
  #underWay: { readonly atNs: number; readonly to: H2Connection; readonly bytes: Uint8Array }[] = [];

  constructor(options: NetworkOptions = {}) {
    this.client = new H2Client({ emit: this.clientSide.emit, ...options.client }, 0);
    this.server = new H2Server({ emit: this.serverSide.emit, ...options.server }, 0);
    this.#delayNs = options.delayNs ?? MS;
    this.#chunkBytes = options.chunkBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Carries everything until nothing is under way. */
  run(): this {
    for (let steps = 0; this.step(); steps++) if (steps > 100_000) throw new Error("the endpoints never come to rest");
    return this;
  }

  /** Takes what both have to send, and lets the next bytes arrive. @returns whether there were any */
  step(): boolean {
    this.#take(this.client, this.clientSide, this.server);
    this.#take(this.server, this.serverSide, this.client);
    const next = this.#underWay.shift();
    if (next === undefined) return false;
    this.nowNs = next.atNs;
    for (let at = 0; at < next.bytes.length; ) {
      const end = Math.min(next.bytes.length, at + this.#chunkBytes);
      const buffer = new Uint8Array(next.bytes.subarray(at, end));
      next.to.receive(buffer, 0, buffer.length, this.nowNs);
      buffer.fill(0);
      at = end;
    }
    return true;
  }

  #take(from: H2Connection, side: Side, to: H2Connection): void {
    for (let output = from.takeOutput(this.nowNs); output !== undefined; output = from.takeOutput(this.nowNs)) {
      if (output.frames.at(-1)?.end !== output.bytes.length) throw new Error("frames do not cover the output");
      output.frames.forEach((frame) => {
        side.wrote(frame);
      });
      side.wire.push(output.bytes);
      this.#underWay.push({ atNs: this.nowNs + this.#delayNs, to, bytes: output.bytes });
    }
    this.#underWay.sort((a, b) => a.atNs - b.atNs);
  }

  /** The server answers every request, once it is whole, with `body`. */
  serve(body: Uint8Array, fields: readonly HeaderField[] = OK): this {
    this.serverSide.react = (event) => {
      if (event.type !== "end") return;
      this.server.sendHeaders(event.stream, fields, { endStream: body.length === 0 }, this.nowNs);
      this.server.sendData(event.stream, body, true, this.nowNs);
    };
    return this;
  }
}
