/** The worker thread of the kernel engine: lanes live here, and one block runs at a time, to its end, without an event loop. */
import { parentPort, workerData } from "node:worker_threads";
import { loadKernelCalls } from "../../sockets/kernel-calls.js";
import type { BlockResult, LaneSpec, Load } from "../probe.js";
import { KernelLane } from "./kernel-lane.js";
import { KernelMemory } from "./kernel-memory.js";

export type ToWorker =
  | { readonly do: "open"; readonly lane: number; readonly spec: LaneSpec }
  | { readonly do: "run"; readonly lane: number; readonly load: Load }
  | { readonly do: "close"; readonly lane: number };

export type FromWorker =
  | { readonly is: "progress"; readonly lane: number; readonly done: number }
  | { readonly is: "block"; readonly lane: number; readonly block: BlockResult }
  | { readonly is: "broken"; readonly lane: number; readonly error: Error };

/** Shared with the engine: [0] is 1 when the block that runs is to stop. */
export interface WorkerStart {
  readonly abort: Int32Array;
}

function serve(port: NonNullable<typeof parentPort>, { abort }: WorkerStart): void {
  const calls = loadKernelCalls();
  if ("unavailable" in calls) throw new Error(calls.unavailable);
  const memory = new KernelMemory(calls);
  const lanes = new Map<number, KernelLane>();
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  port.on("message", (message: ToWorker) => {
    const lane = lanes.get(message.lane);
    try {
      if (message.do === "open") {
        lanes.set(message.lane, new KernelLane(memory, message.spec, () => Atomics.load(abort, 0) === 1));
      } else if (message.do === "run" && lane !== undefined) {
        const block = lane.run(message.load, (done) => say({ is: "progress", lane: message.lane, done }));
        say({ is: "block", lane: message.lane, block });
      } else {
        lane?.close();
        lanes.delete(message.lane);
      }
    } catch (error) {
      say({ is: "broken", lane: message.lane, error: error as Error });
    }
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerStart);
