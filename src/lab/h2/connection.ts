/** One HTTP/2 connection of a lab server: streams in, answers out as they are ready, with the policies and faults that were asked for. */
import type { Socket } from "node:net";
import type { H2Event } from "../../protocols/h2/events.js";
import { DEFAULT_WINDOW_BYTES, FRAME } from "../../protocols/h2/names.js";
import type { Output } from "../../protocols/h2/outbox.js";
import { H2Server } from "../../protocols/h2/server.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import { nowNs } from "../delay.js";
import type { Floor } from "../floor.js";
import type { H2Kind } from "../kinds.js";
import type { LabOptions } from "../options.js";
import { Alarm } from "./alarm.js";
import type { Answer } from "./call.js";
import { FrameWriter } from "./frame-writer.js";
import { GracefulEnd } from "./graceful-end.js";
import type { ConnectionLifetime, LifetimeAction } from "./lifetime.js";
import type { PingEnforcement } from "./ping-enforcement.js";
import { enforcementOf, lifetimeOf } from "./policies.js";
import { Requests } from "./requests.js";
import { serverOptions } from "./server-options.js";
import { WindowHold } from "./window-hold.js";

/** A client that reads nothing is not read either, once this much waits for it. */
const MAX_WAITING_BYTES = 512 * 1024;
/** No frames: read as one, its length is above what any client allows. */
const GARBAGE = Buffer.from("this is not the protocol you look for\r\n");
/** How long a client may take to close after we did, as in grpc-go. */
const LINGER_MS = 1000;

export function serveH2(socket: Socket, kind: H2Kind, floor: Floor): void {
  const connection = new H2LabConnection(socket, kind, floor);
  floor.acknowledgeAtOnce?.(socket);
  socket.on("data", (chunk: Buffer) => connection.received(chunk));
  socket.on("end", () => connection.ended());
  socket.on("error", () => socket.destroy()); // a reset is the client's business, and data in its report
  socket.on("close", () => connection.closed());
}

class H2LabConnection {
  readonly #socket: Socket;
  readonly #floor: Floor;
  readonly #options: LabOptions;
  readonly #server: H2Server;
  readonly #writer: FrameWriter;
  readonly #requests: Requests;
  readonly #hold: WindowHold | undefined;
  readonly #gracefulEnd: GracefulEnd;
  readonly #lifetime: ConnectionLifetime;
  readonly #enforcement: PingEnforcement | undefined;
  readonly #alarm = new Alarm(() => this.#live());
  /** `draining`: closed when all streams are over. `last`: what is to be sent now is the last. `closed`: what still comes is thrown away. */
  #state: "open" | "draining" | "last" | "closed" = "open";
  #reading = false;
  #opened = 0;
  #answers = 0;
  /** The connection is closed behind this answer, or in the middle of it. */
  #lastAnswer: H2Stream | undefined;

  constructor(socket: Socket, kind: H2Kind, floor: Floor) {
    const { options } = floor;
    const now = nowNs();
    const windowBytes = Math.max(DEFAULT_WINDOW_BYTES, options.windowBytes);
    const pump = () => this.#pump();
    this.#socket = socket;
    this.#floor = floor;
    this.#options = options;
    this.#lifetime = lifetimeOf(kind, options, now);
    this.#enforcement = enforcementOf(kind, options);
    this.#writer = new FrameWriter(socket, { frames: options.splitFrames, sizes: options.splitResponse }, pump);
    this.#requests = new Requests(kind, floor, (stream, answer) => this.#answer(stream, answer));
    const endpoint = { ...serverOptions(options, windowBytes), emit: (event: H2Event) => this.#on(event) };
    this.#server = new H2Server(endpoint, now);
    this.#gracefulEnd = new GracefulEnd(this.#server, () => this.#drain());
    const holdNs = options.holdWindowNs;
    this.#hold = holdNs === null ? undefined : new WindowHold(this.#server, windowBytes, holdNs, pump);
    this.#pump();
  }

  received(chunk: Buffer): void {
    this.#floor.acknowledgeAtOnce?.(this.#socket);
    if (this.#state === "closed") return;
    const now = nowNs();
    this.#lifetime.read(now);
    this.#reading = true;
    this.#server.receive(chunk, 0, chunk.length, now);
    this.#reading = false;
    this.#pump();
  }

  /** The client sends no more; it still gets the answers it waits for. */
  ended(): void {
    this.#drain();
  }

  closed(): void {
    this.#state = "closed";
    this.#requests.stop();
    this.#hold?.stop();
    this.#alarm.stop();
    this.#gracefulEnd.stop();
  }

  #on(event: H2Event): void {
    switch (event.type) {
      case "headers":
        if (event.kind === "request") this.#onRequest(event);
        return;
      case "data":
        this.#requests.take(event.stream, event.bytes, event.start, event.end);
        return;
      case "end":
        this.#requests.complete(event.stream);
        return;
      case "reset":
        this.#requests.dropped(event.stream);
        return;
      case "blocked":
        if (event.direction === "receive") this.#hold?.usedUp(event.stream);
        return;
      case "settings-acked":
        this.#hold?.shrunk();
        return;
      case "ping":
        if (this.#enforcement?.tooMany(this.#server.streams.size, event.atNs)) {
          this.#server.goaway("ENHANCE_YOUR_CALM", "too_many_pings", event.atNs);
          this.#state = "last";
        }
        return;
      case "goaway":
        if (event.codeName !== "NO_ERROR") this.#state = "last";
        return;
      case "pong":
        this.#gracefulEnd.pong(event.token);
        return;
      case "fault":
        if (event.fault.scope === "connection") this.#state = "last";
    }
  }

  #onRequest({ stream, fields, endStream, atNs }: H2Event & { type: "headers" }): void {
    if (this.#options.overLimit === "close" && this.#server.overLimitStreams > 0) {
      this.#socket.destroy();
      return;
    }
    this.#lifetime.streams(this.#server.streams.size, atNs);
    if (++this.#opened === this.#options.goawayAfter) {
      this.#server.goaway("NO_ERROR", "", atNs);
      this.#state = "draining";
    }
    this.#requests.opened(stream, fields, endStream);
  }

  #answer(stream: H2Stream, answer: Answer): void {
    const { closeAfter, cutAnswer, garbage } = this.#options;
    if (this.#lastAnswer !== undefined || this.#state === "closed") return;
    if (++this.#answers === closeAfter || cutAnswer) this.#lastAnswer = stream;
    if (garbage) {
      this.#socket.write(GARBAGE);
      if (this.#lastAnswer !== undefined) this.#state = "last";
    } else {
      this.#send(stream, answer);
    }
    this.#pump();
  }

  #send(stream: H2Stream, { headers, content, trailers, staysOpen }: Answer): void {
    const now = nowNs();
    const pieces = [...content]; // filler's pieces share their memory, whatever the size
    const ends = trailers === undefined && staysOpen !== true;
    this.#server.sendHeaders(stream, headers, { endStream: ends && pieces.length === 0 }, now);
    pieces.forEach((piece, index) => {
      this.#server.sendData(stream, piece, ends && index === pieces.length - 1, now);
    });
    if (trailers !== undefined) this.#server.sendTrailers(stream, trailers, now);
    // The answer came before the request was whole: nobody needs the rest (RFC 9113 section 8.1).
    if (stream.state === "half-closed-local") this.#server.reset(stream, "NO_ERROR", now);
  }

  /** Writes what there is to write, as far as the client takes it. */
  #pump(): void {
    if (this.#reading || this.#state === "closed") return;
    while (!this.#writer.busy) {
      const output = this.#server.takeOutput(nowNs());
      if (output === undefined) break;
      if (output.frames.some(({ type }) => type === FRAME.HEADERS || type === FRAME.DATA)) this.#enforcement?.forgive();
      if (this.#options.cutAnswer && this.#lastAnswer !== undefined) {
        this.#socket.write(output.bytes.subarray(0, middleOfAnswer(output)));
        this.#state = "last";
      } else {
        this.#writer.write(output);
      }
      if (this.#state === "last") break;
    }
    if (this.#server.outbox.length > MAX_WAITING_BYTES) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    this.#settle();
  }

  /** After everything that was done: what the streams that are left mean for the connection. */
  #settle(): void {
    const streams = this.#server.streams.size;
    this.#lifetime.streams(streams, nowNs());
    this.#alarm.set(this.#lifetime.dueNs);
    const isDone = this.#lastAnswer?.state === "closed" || (this.#state === "draining" && streams === 0);
    if (isDone && this.#server.outbox.isEmpty) this.#state = "last";
    if (this.#state === "last" && !this.#writer.busy) this.#finish();
  }

  #drain(): void {
    if (this.#state === "open") this.#state = "draining";
    this.#pump();
  }

  #live(): void {
    for (;;) {
      const action = this.#lifetime.tick(nowNs());
      if (action === undefined) break;
      this.#do(action);
    }
    this.#pump();
  }

  #do(action: LifetimeAction): void {
    if (action.type === "ping") this.#server.ping(nowNs());
    else if (action.type === "close") this.#socket.destroy();
    else this.#gracefulEnd.begin(action.reason);
  }

  /** Closes our side, and reads on until the client closes: closing at once could reset what was sent last. */
  #finish(): void {
    this.closed();
    this.#socket.end();
    this.#socket.resume();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(linger));
  }
}

function middleOfAnswer({ frames, bytes }: Output): number {
  const answer = frames.find(({ type }) => type === FRAME.HEADERS)?.start ?? 0;
  return (answer + bytes.length) >> 1;
}
