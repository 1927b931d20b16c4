/** Runs records through decoder and tracker and keeps all that the observer is told. */
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import type {
  Exchange,
  Flow,
  FlowObserver,
  Hold,
  LateAck,
  PacketNote,
  Resend,
  Side,
  WindowStall,
} from "../../../src/capture/flows/flow-events.js";
import { FlowTracker } from "../../../src/capture/flows/flow-tracker.js";
import type { CaptureRecord } from "../../../src/capture/readers/record.js";
import type { KeyLog } from "../../../src/protocols/tls/key-log.js";

/** The tracker uses one exchange for all: this is a copy. */
export type Told = Omit<Exchange, "recentPackets" | "earlyAck"> & { readonly notes: readonly PacketNote[] };

type Why = Parameters<NonNullable<FlowObserver["flowEnded"]>>[1];

export class Seen implements FlowObserver {
  readonly flows: Flow[] = [];
  readonly exchanges: Told[] = [];
  readonly holds: Hold[] = [];
  readonly resends: Resend[] = [];
  readonly windowStalls: WindowStall[] = [];
  readonly lateAcks: LateAck[] = [];
  readonly resets: { by: Side; packet: number; duringExchange: boolean }[] = [];
  readonly handshakes: number[] = [];
  readonly ended: Why[] = [];
  readonly nagleOffs: { flow: Flow; side: Side }[] = [];

  flowStarted(flow: Flow): void {
    this.flows.push(flow);
  }
  handshake(_flow: Flow, rttNs: number): void {
    this.handshakes.push(rttNs);
  }
  exchange(told: Exchange): void {
    const {
      flow,
      slot,
      quiet,
      client,
      fullRequest,
      fullAnswer,
      number,
      startNs,
      endNs,
      latencyNs,
      requestBytes,
      answerBytes,
      packets,
    } = told;
    const { requestSegments, answerSegments, smallRequestSegments, holds, resends, windowStalls } = told;
    const { flowControlStalls, behindNs } = told;
    const breakdownNs = { ...told.breakdownNs };
    const parts = {
      flow,
      slot,
      quiet,
      client,
      fullRequest,
      fullAnswer,
      number,
      startNs,
      endNs,
      latencyNs,
      requestBytes,
      answerBytes,
      packets,
      breakdownNs,
    };
    const segments = { requestSegments, answerSegments, smallRequestSegments };
    this.exchanges.push({
      ...parts,
      ...segments,
      holds,
      resends,
      windowStalls,
      flowControlStalls,
      behindNs,
      notes: told.recentPackets(),
    });
  }
  hold(hold: Hold): void {
    this.holds.push(hold);
  }
  resend(resend: Resend): void {
    this.resends.push(resend);
  }
  windowStall(stall: WindowStall): void {
    this.windowStalls.push(stall);
  }
  lateAck(late: LateAck): void {
    const { flow, slot, client, receiver, packets, atNs, ackDelayNs } = late;
    this.lateAcks.push({ flow, slot, client, receiver, packets, atNs, ackDelayNs });
  }
  reset(_flow: Flow, by: Side, packet: number, _atNs: number, duringExchange: boolean): void {
    this.resets.push({ by, packet, duringExchange });
  }
  nagleOff(flow: Flow, side: Side): void {
    this.nagleOffs.push({ flow, side });
  }
  flowEnded(_flow: Flow, why: Why): void {
    this.ended.push(why);
  }

  /** Exchanges that a Nagle x delayed-ACK stall held up: by a timer's delay, and at an end that never showed that it does not hold back. */
  get stalled(): Told[] {
    return this.exchanges.filter(({ flow, holds }) =>
      holds.some((hold) => {
        const off = this.nagleOffs.some((other) => other.flow === flow && other.side === hold.sender);
        return hold.ackDelayNs >= 25e6 && !off && (hold.prompt || this.#manyPrompt(hold));
      }),
    );
  }

  #manyPrompt({ flow, sender }: Hold): boolean {
    const alike = this.holds.filter((hold) => hold.flow === flow && hold.sender === sender);
    const prompt = alike.filter((hold) => hold.prompt).length;
    return prompt >= 2 * (alike.length - prompt);
  }

  delayedBy(kind: Resend["kind"]): number {
    return this.exchanges.filter(({ resends }) => resends.some((resend) => resend.kind === kind)).length;
  }
}

export interface TrackerOptions {
  readonly maxFlows?: number;
  readonly idleNs?: number;
  readonly keyLog?: KeyLog;
}

export function trackerOf(observer: FlowObserver, options: TrackerOptions = {}): FlowTracker {
  return new FlowTracker(observer, { maxFlows: 1000, idleNs: 600e9, ...options });
}

export function observe(records: Iterable<CaptureRecord>, options: TrackerOptions = {}): Seen {
  const seen = new Seen();
  const tracker = trackerOf(seen, options);
  const packet = new Packet();
  for (const record of records) {
    if (decode(record, packet) === "tcp") tracker.packet(packet);
  }
  tracker.finish();
  return seen;
}

export const sumOf = (parts: object): number =>
  Object.values(parts).reduce((sum: number, part: number) => sum + part, 0);
