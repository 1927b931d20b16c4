import { isFault, readHead } from "../protocols/quic/packet-head.js";

/** The high bit of a long header (RFC 9000 section 17.2); only packets that have it can have others behind them. */
const LONG = 0x80;

/**
 * The packets of a datagram, each by itself (RFC 9000 section 12.2). quiche drops the rest of a datagram behind a packet whose
 * keys it has thrown away, such as a repeated Handshake packet ahead of a request: given one by one, only that packet is lost.
 */
export function packetsIn(datagram: Uint8Array): readonly Uint8Array[] {
  if (((datagram[0] ?? 0) & LONG) === 0) return [datagram];
  const packets: Uint8Array[] = [];
  for (let at = 0; at < datagram.length; ) {
    const head = readHead(datagram, at, 0);
    const end = isFault(head) || head.end <= at ? datagram.length : head.end;
    packets.push(at === 0 && end === datagram.length ? datagram : datagram.subarray(at, end));
    at = end;
  }
  return packets;
}
