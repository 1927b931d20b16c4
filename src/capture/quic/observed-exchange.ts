/** A request in QUIC as those see it who judge requests of any protocol: where its time went, as far as datagrams show it. */
import type { Breakdown } from "../../report/model.js";
import type { Exchange, Flow, PacketNote } from "../flows/flow-events.js";
import type { QuicExchange } from "./quic-exchange.js";

interface Connection extends Flow {
  exchanges: number;
  notesBetween(first: number, last: number): readonly PacketNote[];
}

interface Circumstances {
  readonly packets: readonly [first: number, last: number];
  /** The request's bytes went again; undefined: they did not. */
  readonly resentNs: number | undefined;
  /** Least round trip from the capture point to the server. */
  readonly legNs: number;
}

const NOTHING: readonly never[] = Object.freeze([]);

/** @returns null: it was not answered to its end */
export function exchangeOf(
  connection: Connection,
  exchange: QuicExchange,
  { packets, resentNs, legNs }: Circumstances,
): Exchange | null {
  const { requestNs, responseEndNs, requestBytes, responseBytes, hit, outcome } = exchange;
  if (responseEndNs === undefined || outcome === "reset" || outcome === "open") return null;
  connection.exchanges++;
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
    breakdownNs: breakdownOf(exchange, responseEndNs, resentNs, legNs),
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
 * 0-RTT was rejected. Between then and the answer's first byte lie the way and the server; the rest is transfer, of which a lost
 * part of the answer cannot be told apart.
 */
function breakdownOf(
  { requestNs, requestEndNs, firstByteNs }: QuicExchange,
  endNs: number,
  resentNs: number | undefined,
  legNs: number,
): Breakdown {
  const latencyNs = Math.max(0, endNs - requestNs);
  const askedNs = Math.min(Math.max(requestNs, requestEndNs ?? requestNs), endNs);
  const answeredNs = Math.min(Math.max(askedNs, firstByteNs ?? endNs), endNs);
  const againNs = resentNs === undefined ? askedNs : Math.min(Math.max(askedNs, resentNs), answeredNs);
  const waitNs = answeredNs - againNs;
  const network = Math.min(waitNs, legNs);
  const loss = againNs - askedNs;
  const server = waitNs - network;
  return { network, senderHold: 0, loss, window: 0, server, transfer: latencyNs - network - loss - server };
}
