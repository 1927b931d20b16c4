/**
 * A record to a packet. This runs once per packet of a capture and looks the way it does for speed: one cursor and one packet
 * filled anew, strings from a fixed set as states, every read behind a check of the length (beyond its end a typed array gives
 * undefined, which is slow and wrong). `npm run bench -- pcap` watches it.
 */

import type { CaptureRecord } from "../readers/record.js";
import { Cursor, type Step } from "./cursor.js";
import { authentication, ip, ipv4, ipv6, ipv6Fragment, ipv6Options } from "./ip.js";
import {
  addressFamily,
  byLinkType,
  ethernet,
  hdlc,
  linuxCooked,
  linuxCooked2,
  llc,
  mpls,
  ppp,
  pppoe,
  vlan,
} from "./link.js";
import type { Decoded, Packet } from "./packet.js";
import { tcpHeader } from "./tcp.js";
import { gre, udpHeader } from "./tunnel.js";
import { decodeUsual } from "./usual.js";

/** Headers one inside the other; a packet of nothing but tags must come to an end. */
const MAX_LAYERS = 32;

const cursor = new Cursor();

/**
 * Fills `packet` from `record` when it is a TCP segment, through any tunnel that is known; otherwise says why not. Never throws
 * and reads no byte outside of the record, whatever the bytes. Address words are signed 32-bit integers.
 * Through a tunnel the packet is the inner one. For `udp`, too, it has addresses, ports and payload; for any other reason what
 * it holds means nothing.
 */
export function decode(record: CaptureRecord, packet: Packet): Decoded {
  if (decodeUsual(record, packet)) return "tcp";
  const { bytes, start } = record;
  packet.number = record.number;
  packet.atNs = record.atNs;
  packet.bytes = bytes;
  cursor.bytes = bytes;
  cursor.at = start;
  cursor.end = Math.min(start + record.capturedLength, bytes.length);
  cursor.wireEnd = start + Math.max(record.originalLength, record.capturedLength);
  let step: Step = byLinkType(record.linkType);
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    switch (step) {
      case "ethernet":
        step = ethernet(cursor);
        break;
      case "ipv4":
        step = ipv4(cursor, packet);
        break;
      case "tcp-header":
        return tcpHeader(cursor, packet);
      case "ipv6":
        step = ipv6(cursor, packet);
        break;
      case "udp-header":
        step = udpHeader(cursor, packet);
        break;
      case "ip":
        step = ip(cursor);
        break;
      case "ipv6-options":
        step = ipv6Options(cursor);
        break;
      case "ipv6-fragment":
        step = ipv6Fragment(cursor);
        break;
      case "authentication":
        step = authentication(cursor);
        break;
      case "gre":
        step = gre(cursor);
        break;
      case "vlan":
        step = vlan(cursor);
        break;
      case "linux-cooked":
        step = linuxCooked(cursor);
        break;
      case "linux-cooked-2":
        step = linuxCooked2(cursor);
        break;
      case "address-family":
        step = addressFamily(cursor);
        break;
      case "ppp":
        step = ppp(cursor);
        break;
      case "pppoe":
        step = pppoe(cursor);
        break;
      case "hdlc":
        step = hdlc(cursor);
        break;
      case "llc":
        step = llc(cursor);
        break;
      case "mpls":
        step = mpls(cursor);
        break;
      default:
        return step;
    }
  }
  return "other-protocol";
}
