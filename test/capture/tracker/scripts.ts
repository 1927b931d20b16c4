/** Exchanges as they pass the client's end of a path, for conversations by hand. */
import type { Conversation } from "../conversation.js";

export const MS = 1e6;
export const RTT = 2 * MS;
const THINKING = 0.3 * MS;

/** One write, one answer, and the ACK that rides on the next request. */
export function calm(script: Conversation, rttNs = RTT): void {
  script.send("client", 100);
  script.wait(rttNs + THINKING).send("server", 50);
  script.wait(1 * MS);
}

/** Two writes with Nagle's algorithm on; the server's timer makes its ACK come late. */
export function stalled(script: Conversation, { delayNs = 40 * MS, rttNs = RTT } = {}): void {
  script.send("client", 10);
  script.wait(rttNs + delayNs).ack("server");
  script.wait(0.02 * MS).send("client", 90);
  script.wait(rttNs + THINKING).send("server", 50);
  script.wait(1 * MS);
}
