/**
 * 0-RTT of one connection (RFC 9001 section 4.6): what was asked in it, and when that went again because the server discarded it: it
 * rejected 0-RTT, or sent a Retry. What it discards is never acknowledged, which looks like loss and is none.
 */
import type { QuicEvent } from "../../protocols/quic/events.js";
import type { PacketType } from "../../protocols/quic/names.js";

interface EarlyStream {
  readonly beganNs: number;
  bytes: number;
  /** Of `bytes`, those that went again. */
  resentBytes: number;
}

interface Fate {
  readonly rejected: boolean;
  /** undefined: there was none. */
  readonly retryNs: number | undefined;
}

/** Request streams that began in 0-RTT; more are not followed. */
const MOST_STREAMS = 4_096;

export class EarlyData {
  readonly #streams = new Map<number, EarlyStream>();
  readonly #sentNs: number[] = [];
  #packetType: PacketType | undefined;
  /** Stream bytes of 0-RTT that were discarded, and went again. */
  resentBytes = 0;

  /** Takes all events of the client, in order. */
  take(event: QuicEvent): void {
    if (event.type === "packet") {
      this.#packetType = event.packetType;
      const counts = event.packetType === "0-rtt" && event.ackEliciting && this.#sentNs.length < MOST_STREAMS;
      if (counts) this.#sentNs.push(event.atNs);
    } else if (event.type === "stream-data" && event.early) this.#began(event);
  }

  /** Ack-eliciting packets of 0-RTT that the server discarded. */
  discarded({ rejected, retryNs }: Fate): number {
    return rejected ? this.#sentNs.length : this.#sentNs.filter((sentNs) => sentNs <= (retryNs ?? -1)).length;
  }

  /**
   * Bytes of the client went again.
   * @returns undefined: not because 0-RTT was discarded; else `costNs`, how long after its first 0-RTT byte a request went again in
   *   1-RTT, the first time it does
   */
  wentAgain(
    { streamId, atNs, bytes }: QuicEvent & { readonly type: "resent" },
    { rejected, retryNs }: Fate,
  ): { readonly costNs: number | undefined } | undefined {
    const stream = this.#streams.get(streamId);
    const discarded = stream !== undefined && (rejected || stream.beganNs <= (retryNs ?? -1));
    if (!discarded || stream.resentBytes >= stream.bytes) return undefined;
    const isFirst = stream.resentBytes === 0;
    const counted = Math.min(bytes, stream.bytes - stream.resentBytes);
    stream.resentBytes += counted;
    this.resentBytes += counted;
    const isRequest = streamId % 4 === 0;
    const costs = isRequest && isFirst && rejected && this.#packetType === "1-rtt";
    return { costNs: costs ? atNs - stream.beganNs : undefined };
  }

  #began({ streamId, atNs, bytes }: QuicEvent & { readonly type: "stream-data" }): void {
    const known = this.#streams.get(streamId);
    if (known !== undefined) known.bytes += bytes.length;
    else if (this.#streams.size < MOST_STREAMS) {
      this.#streams.set(streamId, { beganNs: atNs, bytes: bytes.length, resentBytes: 0 });
    }
  }
}
