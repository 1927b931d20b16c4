/** The connection IDs that one end has issued: by them alone a short header is read, and a connection that moved is found again. */

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
/** Ends allow two to eight at a time. */
const MOST_KNOWN = 64;

export class ConnectionIds {
  readonly #known = new Map<string, number>();
  /** Lengths in use, the likeliest first: nearly all ends use one. */
  #lengths: number[] = [];

  /** @param sequence 0 is that of the handshake @param id of no bytes too */
  add(id: Uint8Array, sequence: number): void {
    if (!this.#lengths.includes(id.length)) this.#lengths = [...this.#lengths, id.length].slice(0, 4);
    this.#known.set(hexOf(id), sequence);
    if (this.#known.size <= MOST_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** A connection ID of the handshake was chosen anew: only the last counts. */
  restart(): void {
    this.#known.clear();
    this.#lengths = [];
  }

  retire(sequence: number): void {
    for (const [id, known] of this.#known) if (known === sequence) this.#known.delete(id);
  }

  /** Bytes of the connection ID at `at`; of one that was never seen, those of the others. */
  lengthAt(bytes: Uint8Array, at: number): number {
    if (this.#lengths.length > 1) {
      const found = this.#lengths.find((length) => this.#known.has(hexOf(bytes.subarray(at, at + length))));
      if (found !== undefined) return found;
    }
    return this.#lengths[0] ?? 0;
  }

  /** In use, in hexadecimal. */
  get all(): readonly string[] {
    return [...this.#known.keys()];
  }
}
