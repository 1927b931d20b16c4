/**
 * Records to flows: decodes, counts what is no TCP segment, and hands the segments on a few at a time, so that the memory of all
 * their flows can be asked for before the first is dealt with. (`npm run bench -- pcap` watches it.)
 */
import { decode } from "./decode/decode.js";
import { type Decoded, Packet, SKIP_REASONS, type SkipReason } from "./decode/packet.js";
import type { FlowObserver } from "./flows/flow-events.js";
import { FlowTracker } from "./flows/flow-tracker.js";
import type { CaptureRecord, RecordSink } from "./readers/record.js";

const BATCH = 32;

export interface PipelineOptions {
  readonly maxFlows: number;
  readonly idleNs: number;
  /** Only packets in this span of the capture are looked at. */
  readonly fromNs: number;
  readonly toNs: number;
  /** Which segments are looked at, by their two ends; undefined: all. */
  readonly accepts: ((packet: Packet) => boolean) | undefined;
}

export class CapturePipeline {
  readonly tracker: FlowTracker;
  /** Segments that were handed to the tracker. */
  tcpPackets = 0;
  /** Segments, and other packets in time, that the filter or the span left out. */
  filtered = 0;
  readonly #options: PipelineOptions;
  readonly #skipped = new Map<SkipReason, number>(SKIP_REASONS.map((reason) => [reason, 0]));
  readonly #batch = Array.from({ length: BATCH }, () => new Packet());
  readonly #hashes = new Int32Array(BATCH);
  #waiting = 0;
  /** Where the packets lie that wait. */
  #bytes: Uint8Array | undefined;

  constructor(observer: FlowObserver, options: PipelineOptions) {
    this.tracker = new FlowTracker(observer, options);
    this.#options = options;
  }

  /** Give it to a reader; call `flush` whenever the reader's chunk is about to change. */
  readonly sink: RecordSink = (record: CaptureRecord): void => {
    const { fromNs, toNs, accepts } = this.#options;
    if (record.atNs < fromNs || record.atNs > toNs) {
      this.filtered++;
      return;
    }
    const at = this.#waiting;
    const packet = this.#batch[at] as Packet;
    const decoded: Decoded = decode(record, packet);
    if (decoded !== "tcp") this.#skipped.set(decoded, (this.#skipped.get(decoded) as number) + 1);
    else if (accepts !== undefined && !accepts(packet)) this.filtered++;
    else {
      this.#hashes[at] = this.tracker.hashOf(packet);
      this.#waiting = at + 1;
      // A packet that was put together from two chunks lies in a buffer that the next such packet will use, perhaps before `flush`.
      const alone = record.bytes !== this.#bytes;
      if (alone || at + 1 === BATCH) this.#handOn();
      this.#bytes = record.bytes;
    }
  };

  /** Hands on what waits. */
  flush(): void {
    this.#handOn();
    this.#bytes = undefined;
  }

  #handOn(): void {
    const batch = this.#batch;
    const count = this.#waiting;
    this.#waiting = 0;
    this.tcpPackets += count;
    this.tracker.expect(this.#hashes, count);
    for (let i = 0; i < count; i++) this.tracker.packet(batch[i] as Packet, this.#hashes[i] as number);
  }

  /** The input is over. */
  finish(): void {
    this.flush();
    this.tracker.finish();
  }

  /** Packets that are no TCP segments, by reason. */
  skipped(): Record<string, number> {
    return Object.fromEntries([...this.#skipped].filter(([, count]) => count > 0));
  }
}
