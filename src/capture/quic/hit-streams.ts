/** Which streams loss has touched: bytes of them went again, or had to wait for others that were missing. */

/** Remembered at once. Some are never asked for (bytes went again of a stream that had ended): the oldest make room. */
const MOST = 4_096;

export class HitStreams {
  readonly #streams = new Set<number>();

  hit(streamId: number): void {
    if (this.#streams.has(streamId)) return;
    if (this.#streams.size >= MOST) {
      const [oldest] = this.#streams;
      this.#streams.delete(oldest as number);
    }
    this.#streams.add(streamId);
  }

  /** Whether the stream was hit; asked once, when it ends. */
  take(streamId: number): boolean {
    return this.#streams.delete(streamId);
  }
}
