/** Living connections by the connection IDs that their servers have issued: for datagrams that come on ends that nobody knows. */
import type { QuicConnection } from "./connection.js";
import { hexOf } from "./first-datagram.js";

/** Shorter ones are not taken for a proof: they are there by chance too often. */
const LEAST_ID_BYTES = 4;
/** It is made anew after so many questions, or ten for each connection: IDs are issued long before they are used. */
const LEAST_AGE = 256;

export class ConnectionIndex {
  readonly #living: () => readonly QuicConnection[];
  #byId = new Map<string, QuicConnection>();
  #lengths: readonly number[] = [];
  #questions = 0;
  #goodFor = 0;

  constructor(living: () => readonly QuicConnection[]) {
    this.#living = living;
  }

  /** @param datagram with a short header: its connection ID begins at byte 1 */
  find(datagram: Uint8Array): QuicConnection | undefined {
    if (this.#questions >= this.#goodFor) this.#makeAnew();
    this.#questions++;
    for (const length of this.#lengths) {
      if (datagram.length <= length) continue;
      const found = this.#byId.get(hexOf(datagram, 1, length));
      if (found !== undefined && !found.over) return found;
    }
    return undefined;
  }

  #makeAnew(): void {
    const living = this.#living();
    this.#byId = new Map();
    const lengths = new Set<number>();
    for (const connection of living) {
      for (const id of connection.watch.conversation.connectionIds("server")) {
        if (id.length < 2 * LEAST_ID_BYTES) continue;
        this.#byId.set(id, connection);
        lengths.add(id.length / 2);
      }
    }
    this.#lengths = [...lengths];
    this.#questions = 0;
    this.#goodFor = Math.max(LEAST_AGE, 10 * living.length);
  }
}
