/** Which streams loss has touched: bytes of them went again, or had to wait for others that were missing. */

/** Streams open at once that are remembered. */
const MOST = 4_096;

export class HitStreams {
  readonly #streams = new Set<number>();

  hit(streamId: number): void {
    if (this.#streams.size < MOST) this.#streams.add(streamId);
  }

  /** Whether the stream was hit; asked once, when it ends. */
  take(streamId: number): boolean {
    return this.#streams.delete(streamId);
  }
}
