/** HTTP/2 inside a connection: every stream is an exchange, from the first byte of its HEADERS to the end of its answer. */

import type { Observed } from "../../protocols/h2/observed.js";
import { H2Observer } from "../../protocols/h2/observer.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import { H2Windows, type SpentWindow } from "./h2-windows.js";
import { type Moment, Moments } from "./moments.js";
import type { Reading } from "./reading.js";
import type { Running } from "./running.js";

/** RFC 9113 section 4.1. */
const FRAME_HEADER_BYTES = 9;

export interface SeenGoaway {
  readonly lastStreamId: number;
  readonly codeName: string;
  readonly debug: string;
  /** Streams above the last one that is answered still: to be asked again elsewhere. */
  readonly lostStreams: number;
  /** PING frames that the other end had sent before. */
  readonly pings: number;
}

export interface H2Owner {
  /** Way from the capture point to this end and back, the least seen. */
  legNs(of: Sender): number;
  goaway(from: Sender, goaway: SeenGoaway): void;
  /** This end had to wait for window, until now. */
  waitedForWindow(sender: Sender, spent: SpentWindow): void;
}

interface Direction {
  readonly observer: H2Observer;
  readonly moments: Moments;
  /** Bytes pushed, those that are missing counted. */
  offset: number;
  pings: number;
}

export class H2Reading implements Reading {
  readonly protocol = "h2";
  readonly #running: Running;
  readonly #owner: H2Owner;
  readonly #directions: Readonly<Record<Sender, Direction>>;
  readonly #windows = new H2Windows();
  #lastStream: number;
  trouble: string | undefined;

  /**
   * @param fromStart the first bytes of both ends are those of the connection (behind an upgrade: of HTTP/2)
   * @param lastStream 1 behind an upgrade: the request that asked for it
   */
  constructor(running: Running, owner: H2Owner, fromStart: boolean, lastStream: 0 | 1 = 0) {
    this.#running = running;
    this.#owner = owner;
    this.#lastStream = lastStream;
    // Behind an upgrade the first settings stand in a header of the request.
    this.#windows.known = fromStart && lastStream === 0;
    this.#directions = { client: this.#direction("client", fromStart), server: this.#direction("server", fromStart) };
  }

  push(from: Sender, bytes: Uint8Array, start: number, end: number, began: Moment): void {
    const direction = this.#directions[from];
    direction.moments.add(direction.offset, began);
    direction.offset += end - start;
    direction.observer.push(bytes, start, end, this.#running.now.atNs);
    this.#look(from);
  }

  gap(from: Sender, bytes: number): void {
    const direction = this.#directions[from];
    direction.offset += bytes;
    this.#windows.known = false;
    direction.observer.gap(bytes, this.#running.now.atNs);
    this.#look(from);
  }

  finish(): void {
    this.#running.finish();
  }

  #direction(from: Sender, fromStart: boolean): Direction {
    const emit = (event: Observed): void => (from === "client" ? this.#asked(event) : this.#answered(event));
    return { observer: new H2Observer({ emit, fromStart }), moments: new Moments(), offset: 0, pings: 0 };
  }

  /** What runs while the server's frames are lost may end unseen. */
  #look(from: Sender): void {
    const { observer } = this.#directions[from];
    if (observer.gaveUp) this.trouble ??= "frames of HTTP/2 are missing or damaged";
    if (!observer.synchronised && from === "server") this.#running.forgetAll();
  }

  #asked(event: Observed): void {
    switch (event.type) {
      case "headers":
        if (event.kind !== "promise") this.#request(event);
        break;
      case "data": {
        const exchange = this.#running.get(event.streamId);
        this.#data("client", event.streamId, event.bytes);
        if (exchange !== undefined) this.#running.asked(exchange, event.bytes);
        break;
      }
      case "end":
        this.#windows.ended("client", event.streamId);
        break;
      case "reset":
        this.#running.end(event.streamId);
        break;
      default:
        this.#both("client", event);
    }
  }

  #request({ streamId, kind, wireBytes, offset }: Extract<Observed, { type: "headers" }>): void {
    let exchange = this.#running.get(streamId);
    if (exchange === undefined) {
      // Trailers of a stream whose beginning was not seen, or more of one that is over.
      if (streamId <= this.#lastStream || kind === "trailers" || kind === "response") return;
      this.#lastStream = streamId;
      exchange = this.#running.begin(streamId, this.#directions.client.moments.at(offset, this.#running.now));
    }
    this.#running.asked(exchange, wireBytes + FRAME_HEADER_BYTES);
  }

  #answered(event: Observed): void {
    switch (event.type) {
      case "headers": {
        const exchange = this.#running.get(event.streamId);
        if (exchange === undefined || event.kind === "informational" || event.kind === "promise") break;
        const began = this.#directions.server.moments.at(event.offset, this.#running.now);
        this.#running.answers(exchange, event.wireBytes + FRAME_HEADER_BYTES, began);
        break;
      }
      case "data": {
        const exchange = this.#running.get(event.streamId);
        this.#data("server", event.streamId, event.bytes);
        if (exchange !== undefined) this.#running.answers(exchange, event.bytes, this.#running.now);
        break;
      }
      case "end":
      case "reset":
        this.#windows.ended("server", event.streamId);
        this.#running.end(event.streamId);
        break;
      default:
        this.#both("server", event);
    }
  }

  #data(from: Sender, streamId: number, bytes: number): void {
    const spent = this.#windows.data(from, streamId, bytes, this.#running.now, this.#owner.legNs(from));
    if (spent !== undefined) this.#owner.waitedForWindow(from, spent);
  }

  #both(from: Sender, event: Observed): void {
    switch (event.type) {
      case "settings": {
        const initial = event.entries.findLast(({ name }) => name === "INITIAL_WINDOW_SIZE");
        if (initial !== undefined) this.#windows.initial(from, initial.value, this.#running.now);
        break;
      }
      case "window-update":
        this.#windows.update(from, event.streamId, event.increment, this.#running.now);
        break;
      case "ping":
        if (!event.ack) this.#directions[from].pings++;
        break;
      case "lost":
        this.#windows.known = false;
        break;
      case "goaway": {
        const { lastStreamId, codeName, debug } = event;
        const lostStreams = from === "server" ? this.#running.above(lastStreamId) : 0;
        const { pings } = this.#directions[from === "server" ? "client" : "server"];
        this.#owner.goaway(from, { lastStreamId, codeName, debug, lostStreams, pings });
        break;
      }
      default:
    }
  }
}
