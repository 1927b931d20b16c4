/** Reading a file in a thread of its own: what it has read and decoded comes in slots of shared memory. */
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Span } from "../packets/intake.js";
import type { CapturePipeline } from "../pipeline.js";
import type { CaptureSummary, SecretsSink } from "../readers/record.js";
import type { CaptureSource } from "../source.js";
import { RingTaker, sharedMemory, type TakenSlot } from "./packet-ring.js";
import type { FoundSecrets, ReadingResult, ReadingTask } from "./reading-worker.js";

/** Below this the thread is not worth its start. */
const LEAST_BYTES = 16e6;
/** So long at most nothing else is heard: no Ctrl-C, no timer. */
const DEAF_MS = 20;

export interface AheadOptions extends Span {
  readonly signal: AbortSignal;
  /** Called after each chunk. */
  readonly onChunk: () => void;
  /** Told ahead of the packets that stand behind them in the file. */
  readonly onSecrets: SecretsSink;
}

/** The source, where a thread of its own can read it and is worth it: a large regular file, not compressed. null: anything else. */
export function fileToReadAhead(source: CaptureSource, cores: number): PlainFile | null {
  if (cores < 2 || (source.sizeBytes ?? 0) < LEAST_BYTES) return null;
  const descriptor = source.plainFile();
  return descriptor === null ? null : { source, descriptor };
}

interface PlainFile {
  readonly source: CaptureSource;
  readonly descriptor: number;
}

/**
 * Reads all of an open, uncompressed file into the pipeline. An abort ends it early, as if the file ended there.
 * @throws whatever kept the thread from working
 */
export async function readAhead(
  { source, descriptor }: PlainFile,
  pipeline: CapturePipeline,
  { signal, onChunk, onSecrets, fromNs, toNs }: AheadOptions,
): Promise<CaptureSummary> {
  const memory = sharedMemory();
  const { port1: found, port2: secrets } = new MessageChannel();
  const task: ReadingTask = { descriptor, memory, secrets, fromNs, toNs };
  const worker = new Worker(new URL("./reading-worker.js", import.meta.url), {
    workerData: task,
    transferList: [secrets],
    // Its garbage is small, and so may be the room for it.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  try {
    const result = once(worker, "message") as Promise<[ReadingResult]>;
    await takeAll(new RingTaker(memory), result, signal, ({ rows, bytes, fileBytes }) => {
      for (let one = receiveMessageOnPort(found); one !== undefined; one = receiveMessageOnPort(found)) {
        const { body, littleEndian } = one.message as FoundSecrets;
        onSecrets(body, littleEndian);
      }
      pipeline.take(rows, bytes);
      source.bytesRead += fileBytes;
      onChunk();
    });
    const [{ summary, leftOut, failure }] = await result;
    pipeline.leftOutElsewhere(leftOut);
    if (signal.aborted) return { ...summary, damage: null };
    if (failure === null) return summary;
    return { ...summary, damage: { atByte: source.bytesRead, afterPacket: summary.packets, says: failure } };
  } finally {
    await worker.terminate();
    found.close();
    source.closeFile();
  }
}

async function takeAll(
  ring: RingTaker,
  ended: Promise<unknown>,
  signal: AbortSignal,
  take: (slot: TakenSlot) => void,
): Promise<void> {
  let heardMs = performance.now();
  // A thread that died says so only by this.
  let died: { readonly error: unknown } | undefined;
  ended.catch((error: unknown) => {
    died = { error };
  });
  for (;;) {
    const slot = ring.take(DEAF_MS);
    if (slot === "over") return;
    if (slot !== null) {
      take(slot);
      ring.giveBack();
    }
    if (performance.now() - heardMs < DEAF_MS) continue;
    await turn();
    heardMs = performance.now();
    if (died !== undefined) throw died.error;
    if (signal.aborted) ring.stop();
  }
}
