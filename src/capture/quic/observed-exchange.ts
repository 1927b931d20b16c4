/** A request in QUIC as those see it who judge requests of any protocol: where its time went, as far as datagrams show it. */
import type { Breakdown } from "../../report/model.js";
import type { Exchange, Flow, PacketNote } from "../flows/flow-events.js";
import type { QuicExchange } from "./quic-exchange.js";
import type { RunningRequest } from "./running-request.js";

interface Connection extends Flow {
  exchanges: number;
  notesBetween(first: number, last: number): readonly PacketNote[];
}

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * @param lastPacket number in the capture of the datagram that ended it
 * @param legNs least round trip from the capture point to the server
 * @returns null: it was not answered to its end
 */
export function exchangeOf(
  connection: Connection,
  exchange: QuicExchange,
  running: RunningRequest,
  lastPacket: number,
  legNs: number,
): Exchange | null {
  const { requestNs, responseEndNs, requestBytes, responseBytes, hit, outcome } = exchange;
  if (responseEndNs === undefined || outcome === "reset" || outcome === "open") return null;
  connection.exchanges++;
  const packets = [running.firstPacket, lastPacket] as const;
  return {
    flow: connection,
    slot: connection.slot,
    quiet: !hit,
    client: 0,
    // Datagrams are no segments: one that is small tells nothing of how the application wrote.
    fullRequest: requestBytes,
    fullAnswer: responseBytes,
    requestSegments: 1,
    answerSegments: 1,
    smallRequestSegments: 0,
    number: connection.exchanges,
    startNs: requestNs,
    endNs: responseEndNs,
    latencyNs: Math.max(0, responseEndNs - requestNs),
    breakdownNs: breakdownOf(exchange, responseEndNs, running, legNs),
    behindNs: 0,
    requestBytes,
    answerBytes: responseBytes,
    packets,
    holds: NOTHING,
    resends: NOTHING,
    windowStalls: NOTHING,
    flowControlStalls: NOTHING,
    earlyAck: () => null,
    recentPackets: () => connection.notesBetween(packets[0], packets[1]),
  };
}

/**
 * The parts add up to the latency. Loss: from the request's last byte until bytes of it went again, because they were lost or their
 * 0-RTT was rejected, and the time that bytes of the answer waited for missing ones. The server's part ends with the answer's first byte;
 * it begins one way and back after the request, or after what the connection brought last of other answers: until then this one may
 * have waited for its turn, or for the congestion window. All else is transfer.
 */
function breakdownOf(
  { requestNs, requestEndNs, firstByteNs }: QuicExchange,
  endNs: number,
  { resentNs, lostBeforeNs, lostAfterNs, othersNs }: RunningRequest,
  legNs: number,
): Breakdown {
  const latencyNs = Math.max(0, endNs - requestNs);
  const askedNs = within(requestEndNs ?? requestNs, requestNs, endNs);
  const answeredNs = within(firstByteNs ?? endNs, askedNs, endNs);
  const againNs = within(resentNs ?? askedNs, askedNs, answeredNs);
  const waitNs = answeredNs - againNs;
  const lostWaitNs = Math.min(lostBeforeNs, waitNs);
  const network = Math.min(waitNs - lostWaitNs, legNs);
  const busyUntilNs = othersNs === undefined || othersNs < againNs ? againNs : othersNs;
  const server = within(answeredNs - lostWaitNs - busyUntilNs - legNs, 0, waitNs - lostWaitNs - network);
  const loss = againNs - askedNs + lostWaitNs + Math.min(lostAfterNs, endNs - answeredNs);
  return { network, senderHold: 0, loss, window: 0, server, transfer: latencyNs - network - loss - server };
}

const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
