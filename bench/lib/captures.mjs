/** Captures that are made from a seed, with what they hold: the same words make the same file. */
import { join } from "node:path";
import { run } from "./processes.mjs";

const SEED = 20_240_607;

/**
 * @param program bench/c/make-capture.c, compiled
 * @param folder where the file goes
 * @param wanted kind (big: `limit` bytes of request and answer; small: `limit` packets of 66 to 200 bytes), flows, limit
 * @returns the file and the truth about it: packets, exchanges, planted stalls, decoys
 */
export async function makeCapture(program, folder, name, { kind, flows, limit }) {
  const file = join(folder, `${name}.pcap`);
  const truth = JSON.parse(await run(program, [kind, file, SEED, flows, limit].map(String)));
  return { name, file, kind, truth };
}

export function describe({ truth }) {
  const { bytes, packets, flows, exchanges, planted } = truth;
  const stalls = planted["nagle-delayed-ack"];
  return `${(bytes / 1e6).toFixed(0)} MB, ${packets} packets, ${flows} flows, ${exchanges} exchanges, ${stalls} stalls planted`;
}
