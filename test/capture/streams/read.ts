/** Runs a capture of fixtures through reader, decoder and tracker, with its key log, and keeps all that the observer is told. */
import { readFileSync } from "node:fs";
import type { FlowControlStall, SeenGoaway } from "../../../src/capture/flows/flow-events.js";
import { CapturePipeline } from "../../../src/capture/pipeline.js";
import { createReader } from "../../../src/capture/readers/formats.js";
import type { CaptureRecord } from "../../../src/capture/readers/record.js";
import type { ReadInside } from "../../../src/capture/streams/read-inside.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import { Seen } from "../tracker/observe.js";

const FOLDER = new URL("../../../fixtures/captures/", import.meta.url);

export class SeenInside extends Seen {
  readonly goaways: SeenGoaway[] = [];
  readonly waits: FlowControlStall[] = [];

  goaway(goaway: SeenGoaway): void {
    this.goaways.push(goaway);
  }
  flowControlStall(stall: FlowControlStall): void {
    this.waits.push(stall);
  }
}

export interface Truth {
  readonly requests: number;
  readonly stalls?: number;
  readonly waits?: number;
  readonly exchanges: readonly { readonly us?: number; readonly answerBytes: number; readonly requestBytes: number }[];
}

export const truthOf = (name: string): Truth =>
  JSON.parse(readFileSync(new URL(`${name}.truth.json`, FOLDER), "utf8")) as Truth;

export interface ReadOptions {
  /** Of fixtures/captures, such as `tls/tls13-h2.keys`; none: nothing but what the capture brings along. */
  readonly keys?: string;
  /** Packets that the capture shall not have. */
  readonly without?: (packet: number) => boolean;
  /** Bytes of each packet, at most. */
  readonly snap?: number;
}

/** @param file of fixtures/captures, such as `h2/middle.pcap` */
export function readInside(file: string, options: ReadOptions = {}): { seen: SeenInside; inside: ReadInside } {
  const seen = new SeenInside();
  const keyLog = new KeyLog();
  if (options.keys !== undefined) keyLog.add(readFileSync(new URL(options.keys, FOLDER), "latin1"));
  const pipeline = new CapturePipeline(seen, {
    fromNs: Number.NEGATIVE_INFINITY,
    toNs: Number.POSITIVE_INFINITY,
    maxFlows: 1000,
    idleNs: 600e9,
    accepts: undefined,
    keyLog,
  });
  const sink = (record: CaptureRecord): void => {
    if (options.without?.(record.number) === true) return;
    if (options.snap !== undefined) record.capturedLength = Math.min(record.capturedLength, options.snap);
    pipeline.sink(record);
  };
  const reader = createReader(sink, (body, littleEndian) => keyLog.addDecryptionSecrets(body, littleEndian));
  reader.push(readFileSync(new URL(file, FOLDER)));
  pipeline.finish();
  return { seen, inside: pipeline.tracker.readInside };
}
