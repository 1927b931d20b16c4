/** How much room V8 takes for objects. */
import { setFlagsFromString } from "node:v8";

/**
 * Keeps the heap near what lives on it. V8 doubles the room for new objects with every wave of short-lived ones, up to 3 x 16 MiB, and
 * lets the old ones grow by half before it looks; an analysis of a capture makes such waves, and little of them survives. Collecting
 * sooner costs no time that can be measured. Holds for all threads, until another thread is started: V8 then reads its flags anew
 * (seen on Node 20), so that thread calls this too. `npm run bench -- pcap` watches time and memory.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=10");
}
