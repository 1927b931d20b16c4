/**
 * From records to packets: decodes what lies in the span of time, appends TCP segments and UDP datagrams to rows, and counts the rest. It
 * knows nothing of flows, so it may run in another thread than they do. (`npm run bench -- pcap` watches it.)
 */
import { decode } from "../decode/decode.js";
import { type Decoded, Packet, SKIP_REASONS, type SkipReason } from "../decode/packet.js";
import { hashOf } from "../flows/flow-hash.js";
import type { CaptureRecord } from "../readers/record.js";
import type { PacketRows } from "./packet-rows.js";

/** What was left out, and why. */
export interface LeftOut {
  /** Packets outside of the span. */
  readonly outside: number;
  /** Packets that are neither TCP segments nor UDP datagrams, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Only packets in this span of the capture are looked at. Nanoseconds since its first packet. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

export class Intake {
  readonly #fromNs: number;
  readonly #toNs: number;
  readonly #packet = new Packet();
  readonly #skipped = new Map<SkipReason, number>(SKIP_REASONS.map((reason) => [reason, 0]));
  #outside = 0;

  constructor({ fromNs, toNs }: Span) {
    this.#fromNs = fromNs;
    this.#toNs = toNs;
  }

  /**
   * Appends the record's packet, if there is one that matters.
   * @param moved by how much the record's bytes lie elsewhere in those that go with the rows
   * @returns whether it was appended
   */
  take(record: CaptureRecord, rows: PacketRows, moved = 0): boolean {
    if (record.atNs < this.#fromNs || record.atNs > this.#toNs) {
      this.#outside++;
      return false;
    }
    const packet = this.#packet;
    const decoded: Decoded = decode(record, packet);
    if (decoded !== "tcp") {
      if (decoded === "udp") {
        rows.putDatagram(packet, packet.payloadStart + moved);
        return true;
      }
      this.#skipped.set(decoded, (this.#skipped.get(decoded) as number) + 1);
      return false;
    }
    rows.put(packet, hashOf(packet), packet.payloadStart + moved);
    return true;
  }

  leftOut(): LeftOut {
    return {
      outside: this.#outside,
      skipped: Object.fromEntries([...this.#skipped].filter(([, count]) => count > 0)),
    };
  }
}
