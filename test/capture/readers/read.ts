import { createReader } from "../../../src/capture/readers/formats.js";
import type { CaptureReader, CaptureRecord, CaptureSummary, RecordSink } from "../../../src/capture/readers/record.js";

/** What a record held, kept after the sink has returned. */
export interface KeptRecord {
  readonly number: number;
  readonly atNs: number;
  readonly linkType: number;
  readonly hex: string;
  readonly originalLength: number;
}

export interface Read {
  readonly records: readonly KeptRecord[];
  readonly summary: CaptureSummary;
}

/**
 * Reads a whole file in chunks of the given lengths, in turn. Each chunk is overwritten once the next call may come, so that
 * a reader that holds on to it is found out.
 */
export function readAll(
  file: Uint8Array,
  lengths: readonly number[] = [Math.max(1, file.length)],
  make: (sink: RecordSink) => CaptureReader = createReader,
): Read {
  const records: KeptRecord[] = [];
  const reader = make((record) => records.push(kept(record)));
  let turn = 0;
  for (let at = 0; at < file.length; ) {
    const chunk = file.slice(at, at + lengths[turn++ % lengths.length]!);
    reader.push(chunk);
    chunk.fill(0xee);
    at += chunk.length;
  }
  return { records, summary: reader.end() };
}

function kept(record: CaptureRecord): KeptRecord {
  const bytes = record.bytes.subarray(record.start, record.start + record.capturedLength);
  if (bytes.length !== record.capturedLength) throw new Error("the record lies outside its bytes");
  const { number, atNs, linkType, originalLength } = record;
  return { number, atNs, linkType, hex: Buffer.from(bytes).toString("hex"), originalLength };
}

/** Packets of the given lengths with bytes that tell them apart. */
export function packetsOf(lengths: readonly number[]): { bytes: Uint8Array }[] {
  return lengths.map((length, index) => ({ bytes: Uint8Array.from({ length }, (_, at) => index * 16 + at) }));
}
