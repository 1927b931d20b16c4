/** Which hold is a stall: `split-write` asks as well, to stay silent where there is one. */
import type { Hold } from "../../capture/flows/flow-events.js";
import { MIN_DELAYED_ACK_NS } from "../thresholds.js";
import type { Role } from "./tally.js";

/** The receiver's timer ran, not only the path; and the sender has not shown that its Nagle's algorithm is off. */
export function isStall({ flow, sender, ackDelayNs }: Hold): boolean {
  return ackDelayNs >= MIN_DELAYED_ACK_NS && !flow.nagleOff[sender];
}

export const otherEnd = (role: Role): Role => (role === "client" ? "server" : "client");
