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
import type { CaptureRecord, RecordSink } from "./readers/record.js";

/** Rows that wait at most: enough to ask for memory ahead, and few enough to be near when they are read. */
const WAITING = 128;

export interface PipelineOptions extends Span {
  readonly maxFlows: number;
  readonly idleNs: number;
  /** Which segments are looked at, by their two ends; undefined: all. */
  readonly accepts: ((packet: Packet) => boolean) | undefined;
  /** Opens TLS; it may grow while the capture is read. undefined: TLS stays closed. */
  readonly keyLog?: KeyLog | undefined;
}

export class CapturePipeline {
  readonly tracker: FlowTracker;
  /** Segments that were handed to the tracker. */
  tcpPackets = 0;
  readonly #accepts: PipelineOptions["accepts"];
  readonly #intake: Intake;
  readonly #rows = new PacketRows(new ArrayBuffer(WAITING * ROW * 4), 0, WAITING);
  /** Where the packets lie that wait. */
  #bytes: Uint8Array | undefined;
  /** Segments that the filter left out. */
  #refused = 0;
  #elsewhere: LeftOut = { outside: 0, skipped: {} };

  constructor(observer: FlowObserver, options: PipelineOptions) {
    this.tracker = new FlowTracker(observer, options);
    this.#accepts = options.accepts;
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
    if (alone || rows.used >= WAITING - 1) this.#handOn();
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
    rows.clear();
  }

  /** What was left out where packets were decoded elsewhere. */
  leftOutElsewhere(leftOut: LeftOut): void {
    this.#elsewhere = leftOut;
  }

  #handOn(): void {
    if (this.#bytes !== undefined && this.#rows.packets > 0) this.take(this.#rows, this.#bytes);
  }

  /** The input is over. */
  finish(): void {
    this.flush();
    this.tracker.finish();
  }

  /** Segments, and other packets in time, that the filter or the span left out. */
  get filtered(): number {
    return this.#refused + this.#intake.leftOut().outside + this.#elsewhere.outside;
  }

  /** Packets that are no TCP segments, by reason. */
  skipped(): Record<string, number> {
    const { skipped } = this.#intake.leftOut();
    return { ...skipped, ...this.#elsewhere.skipped };
  }
}
