/** The stall that netlat exists for, made and unmade by the lab: write-write-read against a delayed ACK. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../src/lab/options.js";
import { client, hit, lab } from "./client.js";

const LINUX = process.platform === "linux";

describe.runIf(LINUX)("a client with Nagle's algorithm on that writes a request in three pieces", () => {
  it("waits for a delayed ACK", async () => {
    expect(await medianMs({ quickack: false })).toBeGreaterThan(30);
  });

  it.runIf(process.env.NETLAT_WITHOUT_KOFFI !== "1")("does not wait when the lab acknowledges at once", async () => {
    expect(await medianMs({ quickack: true })).toBeLessThan(15);
  });
});

async function medianMs(options: Partial<LabOptions>): Promise<number> {
  const asker = await client(await lab("memcached", options));
  asker.socket.setNoDelay(false);
  const times: number[] = [];
  for (let n = 0; n < 15; n++) {
    const length = asker.text.length + hit("a").length;
    const start = performance.now();
    await asker.write(["get ", "a", "\r\n"]);
    await asker.until(length);
    times.push(performance.now() - start);
    await sleep(1); // the last ACK is gone before the next request, as between two uses of a pooled connection
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}
