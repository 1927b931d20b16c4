/** What one end has sent in a packet number space, and what became of it (RFC 9002 sections 5 and 6). Bounded. */
import type { AckRange } from "./frames.js";
import { MissingNumbers } from "./missing-numbers.js";

interface SentPacket {
  readonly sentNs: number;
  readonly bytes: number;
  readonly ackEliciting: boolean;
}

export interface Outcome {
  readonly newlyAcknowledged: number;
  /** The packet with the largest number that is acknowledged, if this is the first time. */
  readonly largest: SentPacket | undefined;
  /** One of those that are acknowledged first had asked for it. */
  readonly elicited: boolean;
  /** Packets that were passed over, ack-eliciting ones only. */
  readonly lost: readonly (SentPacket & { readonly packetNumber: number })[];
  /** Packets that had been taken for lost. */
  readonly notLost: readonly number[];
}

/** Ack-eliciting packets that were seen, by their fate so far. */
export interface LossCounts {
  readonly ackEliciting: number;
  readonly acknowledged: number;
  /** Passed over and never acknowledged: lost on the way, or the acknowledgement was. */
  readonly lost: number;
  /** Taken for lost, then acknowledged. */
  readonly spurious: number;
  /** Sent after all that was acknowledged: nothing is known of them. */
  readonly unsettled: number;
  /** Numbers that were never seen, nor acknowledged: of packets of any kind that were lost ahead of us, or left out by the sender. */
  readonly notSeen: number;
}

/** kPacketThreshold (RFC 9002 section 6.1.1). */
const PACKET_THRESHOLD = 3;
/** More than any congestion window; reached where the other direction was not captured. */
const MOST_OUTSTANDING = 16_384;
const MOST_LOST = 4_096;

export class SentPackets {
  readonly #outstanding = new Map<number, SentPacket>();
  readonly #lost = new Map<number, SentPacket>();
  readonly #missing = new MissingNumbers();
  #largestAcknowledged = -1;
  #ackEliciting = 0;
  #acknowledged = 0;
  #lostCount = 0;
  #spurious = 0;
  /** Largest packet number so far, or -1. */
  largest = -1;
  /** Packets that were acknowledged without having been seen: the capture misses them. */
  unseenAcknowledged = false;

  sent(packetNumber: number, packet: SentPacket): void {
    this.#missing.came(packetNumber, this.largest);
    this.largest = Math.max(this.largest, packetNumber);
    if (packet.ackEliciting) this.#ackEliciting++;
    this.#outstanding.set(packetNumber, packet);
    if (this.#outstanding.size > MOST_OUTSTANDING) dropOldest(this.#outstanding);
  }

  /** @param ranges of an ACK frame, from the highest down */
  acknowledge(ranges: readonly AckRange[]): Outcome {
    const largestNumber = ranges[0]?.last ?? -1;
    if (largestNumber > this.largest) this.unseenAcknowledged = true;
    const largest = this.#outstanding.get(largestNumber);
    this.#largestAcknowledged = Math.max(this.#largestAcknowledged, largestNumber);
    let newlyAcknowledged = 0;
    let elicited = false;
    const lost: (SentPacket & { packetNumber: number })[] = [];
    for (const [packetNumber, packet] of this.#outstanding) {
      if (isIn(ranges, packetNumber)) {
        this.#outstanding.delete(packetNumber);
        newlyAcknowledged++;
        if (packet.ackEliciting) this.#acknowledged++;
        elicited ||= packet.ackEliciting;
      } else if (packetNumber <= this.#largestAcknowledged - PACKET_THRESHOLD) {
        this.#outstanding.delete(packetNumber);
        if (packet.ackEliciting) lost.push({ ...packet, packetNumber });
      }
    }
    this.#missing.acknowledged((number) => isIn(ranges, number), this.#largestAcknowledged - PACKET_THRESHOLD + 1);
    const notLost = this.#recover(ranges);
    for (const { packetNumber, ...packet } of lost) this.#lost.set(packetNumber, packet);
    this.#lostCount += lost.length;
    while (this.#lost.size > MOST_LOST) dropOldest(this.#lost);
    return { newlyAcknowledged: newlyAcknowledged + notLost.length, largest, elicited, lost, notLost };
  }

  /** Something else than an acknowledgement shows that all so far came in, such as a Retry. */
  arrived(): void {
    for (const { ackEliciting } of this.#outstanding.values()) if (ackEliciting) this.#acknowledged++;
    this.#outstanding.clear();
  }

  #recover(ranges: readonly AckRange[]): number[] {
    const found = [...this.#lost.keys()].filter((packetNumber) => isIn(ranges, packetNumber));
    for (const packetNumber of found) this.#lost.delete(packetNumber);
    this.#spurious += found.length;
    this.#acknowledged += found.length;
    this.#lostCount -= found.length;
    return found;
  }

  get counts(): LossCounts {
    let passed = 0;
    let unsettled = 0;
    for (const [packetNumber, { ackEliciting }] of this.#outstanding) {
      if (!ackEliciting) continue;
      if (packetNumber < this.#largestAcknowledged) passed++;
      else unsettled++;
    }
    return {
      ackEliciting: this.#ackEliciting,
      acknowledged: this.#acknowledged,
      lost: this.#lostCount + passed,
      spurious: this.#spurious,
      unsettled,
      notSeen: this.#missing.count,
    };
  }
}

function dropOldest(packets: Map<number, unknown>): void {
  for (const oldest of packets.keys()) {
    packets.delete(oldest);
    return;
  }
}

/** By halves: an ACK may have hundreds of ranges. */
function isIn(ranges: readonly AckRange[], packetNumber: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const { first, last } = ranges[middle]!;
    if (packetNumber > last) high = middle - 1;
    else if (packetNumber < first) low = middle + 1;
    else return true;
  }
  return false;
}
