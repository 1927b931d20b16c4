/** What a delayed-ACK timer, as it was measured, says of the system that runs it. */
import { formatDuration } from "../../units/duration.js";

/** Timers of systems in wide use, with what they look like on the wire. */
const TIMERS = [
  { fromNs: 25e6, toNs: 65e6, system: "Linux (TCP_DELACK_MIN, 40 ms)" },
  { fromNs: 85e6, toNs: 130e6, system: "FreeBSD or macOS (100 ms)" },
  { fromNs: 150e6, toNs: 240e6, system: "Windows (200 ms), or Linux at its longest (TCP_DELACK_MAX)" },
] as const;

/** `the server's delayed-ACK timer, as measured: 43.1 ms (p50), most likely Linux (TCP_DELACK_MIN, 40 ms)`. */
export function timerWords(receiver: "client" | "server", p50Ns: number): string {
  const likely = TIMERS.find(({ fromNs, toNs }) => p50Ns >= fromNs && p50Ns < toNs);
  const system = likely === undefined ? "no system's usual one" : `most likely ${likely.system}`;
  return `the ${receiver}'s delayed-ACK timer, as measured: ${formatDuration(p50Ns)} (p50), ${system}`;
}
