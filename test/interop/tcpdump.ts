/** What passes loopback while a test does something, as a capture file. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { installed } from "./peers/installed.js";

const tcpdump = installed("tcpdump");

/** For `onlyIf(canCapture.possible, canCapture.reason)`. */
export const canCapture = {
  possible: tcpdump !== undefined && process.getuid?.() === 0,
  reason: tcpdump === undefined ? "tcpdump is not installed; scripts/peers.sh installs it" : "capturing needs root",
};

/** @param filter of tcpdump, such as `udp port 4433` @param file where the capture goes */
export async function recorded<T>(filter: string, file: string, body: () => Promise<T>): Promise<T> {
  const recorder = spawn(tcpdump as string, ["-i", "lo", "-U", "--immediate-mode", "-w", file, filter]);
  const ended = once(recorder, "close");
  let said = "";
  recorder.stderr.on("data", (text) => {
    said += text;
  });
  try {
    for (const deadline = Date.now() + 5000; !said.includes("listening on"); await sleep(10)) {
      if (Date.now() > deadline) throw new Error(`tcpdump does not listen: ${said}`);
    }
    const result = await body();
    await sleep(300);
    return result;
  } finally {
    recorder.kill("SIGINT");
    await ended;
  }
}
