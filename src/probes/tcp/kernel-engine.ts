/** The kernel engine (Linux): sockets of our own in a worker thread, with every option and the kernel's timestamps. */
import { Worker } from "node:worker_threads";
import { platformCapabilities } from "../../sockets/socket-options.js";
import type { BlockResult, Lane, LaneSpec, Load, ProbeEngine } from "../probe.js";
import type { FromWorker, ToWorker, WorkerStart } from "./kernel-worker.js";

interface Waiting {
  readonly lane: number;
  readonly resolve: (block: BlockResult) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (done: number) => void;
}

export function kernelEngine(): ProbeEngine {
  const abort = new Int32Array(new SharedArrayBuffer(4));
  const start: WorkerStart = { abort };
  const worker = new Worker(new URL("./kernel-worker.js", import.meta.url), { workerData: start });
  let waiting: Waiting | undefined;
  let lanes = 0;
  const tell = (message: ToWorker) => worker.postMessage(message);
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  worker.on("error", fail);
  worker.on("message", (message: FromWorker) => {
    if (waiting === undefined || message.lane !== waiting.lane) return;
    if (message.is === "progress") waiting.onProgress(message.done);
    else if (message.is === "broken") fail(message.error);
    else {
      const { resolve } = waiting;
      waiting = undefined;
      resolve(message.block);
    }
  });

  const run = (lane: number, load: Load, signal: AbortSignal, onProgress: (done: number) => void) =>
    new Promise<BlockResult>((resolve, reject) => {
      const stop = () => void Atomics.store(abort, 0, 1);
      Atomics.store(abort, 0, signal.aborted ? 1 : 0);
      signal.addEventListener("abort", stop, { once: true });
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal.removeEventListener("abort", stop);
          settle(value);
        };
      };
      waiting = { lane, resolve: settled(resolve), reject: settled(reject), onProgress };
      tell({ do: "run", lane, load });
    });

  return {
    name: "kernel",
    capabilities: platformCapabilities(),
    async open(spec: LaneSpec): Promise<Lane> {
      const lane = lanes++;
      tell({ do: "open", lane, spec });
      return {
        run: (load, signal, onProgress) => run(lane, load, signal, onProgress),
        close: async () => tell({ do: "close", lane }),
      };
    },
    async close() {
      await worker.terminate();
    },
  };
}
