/** Which streams loss has touched: bytes of them went again, or had to wait for others that were missing. */
import type { QuicEvent } from "../../protocols/quic/events.js";

/** Streams open at once that are remembered. */
const MOST = 4_096;

export class HitStreams {
  readonly #streams = new Set<number>();

  /** @param earlyData what goes again because the server rejected it was not lost */
  note(event: QuicEvent & { readonly type: "resent" | "stream-hole" }, earlyData: string): void {
    if (event.from === "client" && earlyData === "rejected") return;
    if (this.#streams.size < MOST) this.#streams.add(event.streamId);
  }

  /** Whether the stream was hit; asked once, when it ends. */
  take(streamId: number): boolean {
    return this.#streams.delete(streamId);
  }
}
