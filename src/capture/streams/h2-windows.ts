/**
 * What both ends may still send by HTTP/2's flow control (RFC 9113 sections 5.2 and 6.9), and who had to stop for it. Known only when
 * the connection was seen from its start with nothing missing. Padding is not counted, so a window is rather thought too large.
 */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";

const FIRST_WINDOW_BYTES = 65_535;
/** What waited for the window follows within this and two ways. */
const PROMPT_NS = 10e6;
const MOST_STREAMS = 4096;

interface Spent {
  /** Where the window was used up, and where it was opened again. */
  closed: Moment;
  opened: Moment | undefined;
}

/** What one end may send. */
class SendWindow {
  initialBytes = FIRST_WINDOW_BYTES;
  connectionBytes = FIRST_WINDOW_BYTES;
  /** How much each stream has sent less than it was given, beyond the initial window. */
  readonly streams = new Map<number, number>();
  readonly spent = new Map<number, Spent>();

  left(stream: number): number {
    return Math.min(this.connectionBytes, this.initialBytes + (this.streams.get(stream) ?? 0));
  }

  add(stream: number, bytes: number): void {
    this.streams.set(stream, (this.streams.get(stream) ?? 0) + bytes);
    if (this.streams.size > MOST_STREAMS) this.streams.delete(this.streams.keys().next().value as number);
  }
}

export interface SpentWindow {
  readonly closed: Moment;
  readonly opened: Moment;
}

export class H2Windows {
  readonly #windows: Record<Sender, SendWindow> = { client: new SendWindow(), server: new SendWindow() };
  /** False: something was missed, and nothing is said any more. */
  known = true;

  /** SETTINGS_INITIAL_WINDOW_SIZE that `from` announced: the other end's streams may send so much. */
  initial(from: Sender, bytes: number, now: Moment): void {
    const window = this.#windows[other(from)];
    window.initialBytes = bytes;
    this.#opened(window, now);
  }

  /** @param stream 0: of the connection */
  update(from: Sender, stream: number, increment: number, now: Moment): void {
    const window = this.#windows[other(from)];
    if (stream === 0) window.connectionBytes += increment;
    else window.add(stream, increment);
    this.#opened(window, now);
  }

  /**
   * DATA of a stream.
   * @param legNs way from the capture point to its sender and back
   * @returns what it had waited for, if it did
   */
  data(from: Sender, stream: number, bytes: number, now: Moment, legNs: number): SpentWindow | undefined {
    if (!this.known) return undefined;
    const window = this.#windows[from];
    const spent = window.spent.get(stream);
    window.spent.delete(stream);
    window.connectionBytes -= bytes;
    window.add(stream, -bytes);
    if (window.left(stream) <= 0 && window.spent.size < MOST_STREAMS)
      window.spent.set(stream, { closed: now, opened: undefined });
    if (spent?.opened === undefined || now.atNs - spent.opened.atNs > PROMPT_NS + 2 * legNs) return undefined;
    return { closed: spent.closed, opened: spent.opened };
  }

  ended(from: Sender, stream: number): void {
    this.#windows[from].streams.delete(stream);
    this.#windows[from].spent.delete(stream);
  }

  #opened(window: SendWindow, now: Moment): void {
    for (const [stream, spent] of window.spent) if (window.left(stream) > 0) spent.opened ??= now;
  }
}

const other = (sender: Sender): Sender => (sender === "client" ? "server" : "client");
