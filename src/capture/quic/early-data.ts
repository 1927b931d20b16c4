/**
 * 0-RTT of one connection (RFC 9001 section 4.6): what was asked in it, and when that went again because the server would not have
 * it. What it discards is never acknowledged, which looks like loss and is none.
 */
import type { QuicEvent } from "../../protocols/quic/events.js";
import type { PacketType } from "../../protocols/quic/names.js";

interface EarlyStream {
  readonly beganNs: number;
  bytes: number;
  /** Of `bytes`, those that went again in 1-RTT. */
  resentBytes: number;
}

/** Request streams that began in 0-RTT; more are not followed. */
const MOST_STREAMS = 4_096;

export class EarlyData {
  readonly #streams = new Map<number, EarlyStream>();
  #packetType: PacketType | undefined;
  /** Ack-eliciting packets of 0-RTT that could be opened. */
  packets = 0;
  /** Stream bytes of 0-RTT that went again in 1-RTT. */
  resentBytes = 0;

  /**
   * Takes all events of the client, in order.
   * @returns how long after its first 0-RTT byte a stream went again, the first time it does; undefined: nothing of the kind
   */
  take(event: QuicEvent): number | undefined {
    if (event.type === "packet") {
      this.#packetType = event.packetType;
      if (event.packetType === "0-rtt" && event.ackEliciting) this.packets++;
      return undefined;
    }
    if (event.type === "stream-data" && event.early) this.#began(event);
    return event.type === "resent" && this.#packetType === "1-rtt" ? this.#wentAgain(event) : undefined;
  }

  #began({ streamId, atNs, bytes }: QuicEvent & { readonly type: "stream-data" }): void {
    const known = this.#streams.get(streamId);
    if (known !== undefined) known.bytes += bytes.length;
    else if (this.#streams.size < MOST_STREAMS) {
      this.#streams.set(streamId, { beganNs: atNs, bytes: bytes.length, resentBytes: 0 });
    }
  }

  #wentAgain({ streamId, atNs, bytes }: QuicEvent & { readonly type: "resent" }): number | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return undefined;
    const isFirst = stream.resentBytes === 0;
    const counted = Math.min(bytes, stream.bytes - stream.resentBytes);
    stream.resentBytes += counted;
    this.resentBytes += counted;
    return isFirst ? atNs - stream.beganNs : undefined;
  }
}
