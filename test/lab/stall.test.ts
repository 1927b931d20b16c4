/** The stall that netlat exists for, made and unmade by the lab: write-write-read against a delayed ACK. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../src/lab/options.js";
import { loadSocketOptions } from "../../src/sockets/socket-options.js";
import { onlyIf } from "../skip.js";
import { client, hit, lab } from "./client.js";

const CAN_QUICKACK = !("unavailable" in loadSocketOptions());

describe("a client with Nagle's algorithm on that writes a request in three pieces", () => {
  it("waits for a delayed ACK", onlyIf(process.platform === "linux", "the stall is Linux's"), async () => {
    expect(await medianMs({ quickack: false })).toBeGreaterThan(30);
  });

  it(
    "does not wait when the lab acknowledges at once",
    onlyIf(CAN_QUICKACK, "TCP_QUICKACK needs Linux and koffi"),
    async () => {
      expect(await medianMs({ quickack: true })).toBeLessThan(15);
    },
  );
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
