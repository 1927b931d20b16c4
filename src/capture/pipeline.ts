/**
 * Records to flows: rows of packets are filled here, or come from elsewhere, and are handed to the tracker many at a time.
 * (`npm run bench -- pcap` watches it.)
 */
import type { KeyLog } from "../protocols/tls/key-log.js";
import type { Packet } from "./decode/packet.js";
import type { FlowObserver } from "./flows/flow-events.js";
import { FlowTracker } from "./flows/flow-tracker.js";
import { Intake, type LeftOut, type Span } from "./packets/intake.js";
import { PacketRows, ROW } from "./packets/packet-rows.js";
import { QuicConnections } from "./quic/connections.js";
import type { CaptureRecord, RecordSink } from "./readers/record.js";

/** Rows that wait at most: enough to ask for memory ahead, and few enough to be near when they are read. */
const WAITING = 128;

export interface PipelineOptions extends Span {
  readonly maxFlows: number;
  readonly idleNs: number;
  /** Which segments are looked at, by their two ends; undefined: all. */
  readonly accepts: ((packet: Packet) => boolean) | undefined;
  /** The same of UDP datagrams. */
  readonly acceptsDatagram?: ((packet: Packet) => boolean) | undefined;
  /** Opens TLS; it may grow while the capture is read. undefined: TLS stays closed. */
  readonly keyLog?: KeyLog | undefined;
}

export class CapturePipeline {
  readonly tracker: FlowTracker;
  readonly quic: QuicConnections;
  /** Segments that were handed to the tracker. */
  tcpPackets = 0;
  readonly #accepts: PipelineOptions["accepts"];
  readonly #acceptsDatagram: PipelineOptions["acceptsDatagram"];
  readonly #intake: Intake;
  readonly #rows = new PacketRows(new ArrayBuffer(WAITING * ROW * 4), 0, WAITING);
  /** Where the packets lie that wait. */
  #bytes: Uint8Array | undefined;
  /** Segments that the filter left out. */
  #refused = 0;
  #elsewhere: LeftOut = { outside: 0, skipped: {} };

  constructor(observer: FlowObserver, options: PipelineOptions) {
    this.tracker = new FlowTracker(observer, options);
    this.quic = new QuicConnections(observer, this.tracker, options.keyLog);
    this.#accepts = options.accepts;
    this.#acceptsDatagram = options.acceptsDatagram;
    this.#intake = new Intake(options);
  }

  /** Give it to a reader; call `flush` whenever the reader's chunk is about to change. */
  readonly sink: RecordSink = (record: CaptureRecord): void => {
    const rows = this.#rows;
    const { bytes } = record;
    // A packet that was put together from two chunks lies in a buffer that the next such packet will use, perhaps before `flush`.
    const alone = bytes !== this.#bytes;
    if (alone) {
      this.#handOn();
      this.#bytes = bytes;
    }
    this.#intake.take(record, rows);
    if (alone || rows.left < 2) this.#handOn();
  };

  /** Hands on what waits. */
  flush(): void {
    this.#handOn();
    this.#bytes = undefined;
  }

  /** Packets that were decoded elsewhere. @param bytes where their payloads lie, until this returns */
  take(rows: PacketRows, bytes: Uint8Array): void {
    rows.lieIn(bytes);
    const taken = this.tracker.packets(rows, this.#accepts);
    this.tcpPackets += taken;
    this.#refused += rows.packets - taken;
    if (rows.datagrams > 0) this.#takeDatagrams(rows);
    rows.clear();
  }

  #takeDatagrams(rows: PacketRows): void {
    for (let index = 0; index < rows.datagrams; index++) {
      const p = rows.datagram(index);
      if (this.#acceptsDatagram?.(p) === false) this.#refused++;
      else this.quic.take(p);
    }
  }

  /** What was left out where packets were decoded elsewhere. */
  leftOutElsewhere(leftOut: LeftOut): void {
    this.#elsewhere = leftOut;
  }

  #handOn(): void {
    if (this.#bytes !== undefined && this.#rows.left < WAITING) this.take(this.#rows, this.#bytes);
  }

  /** The input is over. */
  finish(): void {
    this.flush();
    this.quic.finish();
    this.tracker.finish();
  }

  /** Segments, datagrams, and other packets in time, that the filter or the span left out. */
  get filtered(): number {
    return this.#refused + this.quic.refused + this.#intake.leftOut().outside + this.#elsewhere.outside;
  }

  /** Packets that are neither segments of TCP nor datagrams of QUIC, by reason. */
  skipped(): Record<string, number> {
    const { skipped } = this.#intake.leftOut();
    const others = Object.entries(this.quic.skipped).filter(([, count]) => count > 0);
    return { ...skipped, ...this.#elsewhere.skipped, ...Object.fromEntries(others) };
  }
}
