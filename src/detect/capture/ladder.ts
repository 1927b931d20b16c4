/** The packets of one exchange, as a ladder between client and server, with a word at those that prove something. */
import type { Exchange, PacketNote } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { Ladder } from "../../report/model.js";

/** Packet number to what it proves. */
export type Marks = readonly (readonly [packet: number, says: string])[];

/**
 * To be called while the observer is told of the exchange: only then does it know its packets. null: they are too long ago, and what
 * would be seen proves nothing.
 */
export function ladderOf(exchange: Exchange, marks: (packets: readonly PacketNote[]) => Marks): Ladder | null {
  const { flow } = exchange;
  const [first, last] = exchange.packets;
  const packets = exchange.recentPackets().filter(({ number }) => number >= first && number <= last);
  const says = new Map(marks(packets));
  if (!packets.some(({ number }) => says.has(number))) return null;
  const startNs = packets[0]?.atNs ?? exchange.startNs;
  const steps = packets.map(({ number, atNs, from, bytes, flags }) => {
    const word = says.get(number);
    const step = { packet: number, atNs: atNs - startNs, from: roleOf(flow, from), bytes, flags: flagNames(flags) };
    return word === undefined ? step : { ...step, says: word };
  });
  return { flow: flow.id, startNs, steps, omitted: omitted(exchange, packets) };
}

/** `PSH ACK`, in the order of RFC 9293 section 3.1 from the right: FIN, SYN, RST, PSH, ACK. */
function flagNames(flags: number): string {
  return ["FIN", "SYN", "RST", "PSH", "ACK"].filter((_, bit) => (flags & (1 << bit)) !== 0).join(" ");
}

/** Data segments that are too long ago to be remembered; pure ACKs among them are not counted. */
function omitted(exchange: Exchange, packets: readonly PacketNote[]): number {
  if (packets[0]?.number === exchange.packets[0]) return 0;
  const shown = packets.filter(({ bytes }) => bytes > 0).length;
  return Math.max(1, exchange.requestSegments + exchange.answerSegments - shown);
}
