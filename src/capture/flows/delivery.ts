import { CaptureRecord, type RecordSink } from "../readers/record.js";

/**
 * The one record of a reader on its way to the sink, and what is counted of all that went. Per packet nothing is allocated;
 * `npm run bench -- pcap` watches it. Who calls `hand` has set the record's bytes and link type.
 */
export class Delivery {
  readonly record = new CaptureRecord();
  packets = 0;
  capturedBytes = 0;
  /** Largest time, nanoseconds since the first packet. */
  durationNs = 0;
  /** Packets whose time is before their predecessor's. */
  backwards = 0;
  lastNs = 0;
  readonly #sink: RecordSink;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  /** Hands on the packet of `capturedLength` bytes at `start`; `originalLength` as the file claims it. */
  hand(atNs: number, start: number, capturedLength: number, originalLength: number): void {
    const record = this.record;
    this.packets++;
    this.capturedBytes += capturedLength;
    if (atNs > this.durationNs) this.durationNs = atNs;
    else if (atNs < this.lastNs) this.backwards++;
    this.lastNs = atNs;
    record.number = this.packets;
    record.atNs = atNs;
    record.start = start;
    record.capturedLength = capturedLength;
    record.originalLength = originalLength > capturedLength ? originalLength : capturedLength;
    this.#sink(record);
  }
}
