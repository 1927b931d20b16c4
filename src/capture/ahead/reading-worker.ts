/**
 * The thread that reads and decodes ahead of the one that tracks flows: half of the work on a packet each.
 * (`npm run bench -- pcap` watches it.)
 */
import { readSync } from "node:fs";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Intake, type LeftOut, type Span } from "../packets/intake.js";
import { createReader } from "../readers/formats.js";
import type { CaptureRecord, CaptureSummary } from "../readers/record.js";
import { CHUNK_BYTES, RingFiller, type Slot, SPARE_BYTES } from "./packet-ring.js";
import { keepHeapSmall } from "./small-heap.js";

export interface ReadingTask extends Span {
  readonly descriptor: number;
  readonly memory: SharedArrayBuffer;
  /** Secrets of connections go here ahead of the packets behind them. */
  readonly secrets: MessagePort;
}

/** The body of a pcapng Decryption Secrets Block. */
export interface FoundSecrets {
  readonly body: Uint8Array;
  readonly littleEndian: boolean;
}

/** What the worker tells when it has come to the end. */
export interface ReadingResult {
  readonly summary: CaptureSummary;
  readonly leftOut: LeftOut;
  /** Why the file could not be read to its end; null: it could. */
  readonly failure: string | null;
}

function readAll({ descriptor, memory, secrets, fromNs, toNs }: ReadingTask): ReadingResult {
  const ring = new RingFiller(memory);
  const intake = new Intake({ fromNs, toNs });
  let slot: Slot | null = null;
  const reader = createReader(
    (record) => {
      if (slot !== null) taken(record, slot, intake);
    },
    (body, littleEndian) => {
      const found: FoundSecrets = { body: body.slice(), littleEndian };
      secrets.postMessage(found);
      return true;
    },
  );
  let failure: string | null = null;
  for (slot = ring.begin(); slot !== null && !reader.finished; slot = ring.begin()) {
    let bytes = 0;
    try {
      bytes = readSync(descriptor, slot.bytes, 0, CHUNK_BYTES, null);
    } catch (error) {
      failure = (error as Error).message;
    }
    if (bytes === 0) break;
    reader.push(slot.bytes.subarray(0, bytes));
    ring.filled(bytes);
  }
  ring.over();
  return { summary: reader.end(), leftOut: intake.leftOut(), failure };
}

/** A packet that began in the chunk before was put together in a buffer of the reader's: it is copied behind the chunk. */
function taken(record: CaptureRecord, { rows, bytes }: Slot, intake: Intake): void {
  if (record.bytes.buffer === bytes.buffer) {
    // The reader sees a part of the chunk: of the first one, what lies behind the bytes that told the format.
    intake.take(record, rows, record.bytes.byteOffset - bytes.byteOffset);
    return;
  }
  // Only a file whose own snap length is beyond the usual has longer ones: then this is as if it had been less.
  if (record.capturedLength > SPARE_BYTES) record.capturedLength = SPARE_BYTES;
  const { start, capturedLength } = record;
  intake.take(record, rows, CHUNK_BYTES - start);
  bytes.set(record.bytes.subarray(start, start + capturedLength), CHUNK_BYTES);
}

keepHeapSmall();
parentPort?.postMessage(readAll(workerData as ReadingTask));
