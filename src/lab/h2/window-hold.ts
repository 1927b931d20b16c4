/** Gives a receive window back only some time after the client has used it up, or never: so that flow control can be seen at work. */
import type { H2Server } from "../../protocols/h2/server.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import { after, nowNs } from "../delay.js";

export class WindowHold {
  readonly #server: H2Server;
  readonly #connectionBytes: number;
  readonly #holdNs: number | "never";
  readonly #onGiven: () => void;
  readonly #waits = new Set<() => void>();

  /** @param connectionBytes the connection's window when all of it is given */
  constructor(server: H2Server, connectionBytes: number, holdNs: number | "never", onGiven: () => void) {
    this.#server = server;
    this.#connectionBytes = connectionBytes;
    this.#holdNs = holdNs;
    this.#onGiven = onGiven;
  }

  /** @param stream undefined: the window of the connection is used up */
  usedUp(stream: H2Stream | undefined): void {
    if (this.#holdNs === "never") return;
    const cancel = after(this.#holdNs, () => {
      this.#waits.delete(cancel);
      this.#give(stream);
      this.#onGiven();
    });
    this.#waits.add(cancel);
  }

  /** Our SETTINGS hold now: their window may be smaller than what a stream has used already (RFC 9113 section 6.9.2). */
  shrunk(): void {
    for (const stream of this.#server.streams.values()) {
      if (stream.receiveWindow <= 0 && stream.exhaustedNs < 0) this.usedUp(stream);
    }
  }

  stop(): void {
    for (const cancel of this.#waits) cancel();
  }

  #give(stream: H2Stream | undefined): void {
    if (stream === undefined) {
      this.#server.giveWindow(undefined, this.#connectionBytes - this.#server.windows.window, nowNs());
    } else if (stream.canReceive) {
      this.#server.giveWindow(stream, stream.unreturnedBytes, nowNs());
    }
  }
}
