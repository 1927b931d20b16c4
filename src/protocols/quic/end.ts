/** What is known of one end of a connection, from the packets that it sent. */
import { ConnectionIds } from "./connection-ids.js";
import type { PacketType, Space } from "./names.js";
import { type LossCounts, SentPackets } from "./sent-packets.js";
import type { PacketCount } from "./state.js";

type MutableCount = { -readonly [K in keyof PacketCount]: PacketCount[K] };

export class End {
  readonly ids = new ConnectionIds();
  readonly #counts = new Map<PacketType, MutableCount>();
  /** What it sent, by packet number space. */
  spaces: Readonly<Record<Space, SentPackets>> = newSpaces();
  /** Datagrams that it sent, and the bytes in them. */
  datagrams = 0;
  bytes = 0;
  /** Payloads of which a frame could not be read, and why the first could not. */
  faults = 0;
  firstFault: string | undefined;

  count(type: PacketType, bytes: number): void {
    const known = this.#counts.get(type);
    if (known === undefined) this.#counts.set(type, { packets: 1, bytes, opened: 0 });
    else {
      known.packets++;
      known.bytes += bytes;
    }
  }

  opened(type: PacketType): void {
    const known = this.#counts.get(type);
    if (known !== undefined) known.opened++;
  }

  fault(reason: string): void {
    this.faults++;
    this.firstFault ??= reason;
  }

  /** Packet numbers begin again: another version was chosen. */
  restart(): void {
    this.spaces = newSpaces();
    this.ids.restart();
  }

  /** Of the types that it sent. */
  get packets(): Readonly<Partial<Record<PacketType, PacketCount>>> {
    return Object.fromEntries(this.#counts);
  }

  countOf(type: PacketType): PacketCount {
    return this.#counts.get(type) ?? { packets: 0, bytes: 0, opened: 0 };
  }

  /** Of all three spaces. */
  get loss(): LossCounts {
    const all = Object.values(this.spaces).map(({ counts }) => counts);
    const sum = (field: keyof LossCounts) => all.reduce((total, counts) => total + counts[field], 0);
    return {
      ackEliciting: sum("ackEliciting"),
      acknowledged: sum("acknowledged"),
      lost: sum("lost"),
      spurious: sum("spurious"),
      unsettled: sum("unsettled"),
      notSeen: sum("notSeen"),
    };
  }
}

const newSpaces = (): Readonly<Record<Space, SentPackets>> => ({
  initial: new SentPackets(),
  handshake: new SentPackets(),
  application: new SentPackets(),
});
