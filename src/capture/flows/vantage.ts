/** Where on the path a capture was taken, from how long the two parts of a handshake took. */
import type { Vantage } from "./flow-events.js";

/** Below this the ends are on one machine, or next to each other: the spacing of a handshake tells nothing. */
const VANTAGE_RTT_NS = 200e3;
/** An end whose leg is at most this share of the round trip is where the capture was taken. */
const AT_THE_END = 0.2;

/** @param serverLegNs from the capture point to the server and back; NaN: not seen @param clientLegNs likewise */
export function vantageOf(serverLegNs: number, clientLegNs: number): Vantage {
  const rttNs = serverLegNs + clientLegNs;
  if (!(rttNs >= VANTAGE_RTT_NS)) return "unknown";
  if (clientLegNs <= AT_THE_END * rttNs) return "client";
  return serverLegNs <= AT_THE_END * rttNs ? "server" : "middle";
}
