/**
 * The usual packet: Ethernet, IPv4 without options, TCP, all its headers captured. One straight line of loads through a DataView,
 * which V8 turns into single instructions, instead of a step per layer; anything else takes the steps, and the two must agree
 * (test/capture/decode/usual.test.ts). `npm run bench -- pcap` watches it.
 */

import type { CaptureRecord } from "../readers/record.js";
import type { Packet } from "./packet.js";
import { readOptions } from "./tcp.js";

const ETHERNET = 1;
const ETHERTYPE_IPV4 = 0x0800;
/** Version 4, header of 5 words. */
const PLAIN_IPV4 = 0x45;
const TCP = 6;
const HEADERS = 14 + 20 + 20;
/** NOP, NOP, timestamps, length 10: what nearly every segment carries after the handshake (RFC 7323 appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a;
const ALIGNED_TIMESTAMPS_BYTES = 12;

let view: DataView = new DataView(new ArrayBuffer(0));
let viewed: Uint8Array = new Uint8Array(0);

/** @returns false: it is no such packet, and `packet` holds nothing */
export function decodeUsual(record: CaptureRecord, packet: Packet): boolean {
  const { bytes, start, capturedLength } = record;
  if (record.linkType !== ETHERNET || capturedLength < HEADERS || start + capturedLength > bytes.length) return false;
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const v = view;
  const ip = start + 14;
  if (v.getUint16(start + 12) !== ETHERTYPE_IPV4 || v.getUint8(ip) !== PLAIN_IPV4 || v.getUint8(ip + 9) !== TCP)
    return false;
  if ((v.getUint16(ip + 6) & 0x3fff) !== 0) return false;
  const tcp = ip + 20;
  const ipLength = v.getUint16(ip + 2);
  const headerBytes = (v.getUint8(tcp + 12) >> 4) * 4;
  if (ipLength < 20 + headerBytes || headerBytes < 20) return false;
  const payloadAt = tcp + headerBytes;
  const wireEnd = ip + ipLength;
  const captureEnd = start + capturedLength;
  const end = captureEnd < wireEnd ? captureEnd : wireEnd;
  if (payloadAt > end) return false;
  packet.number = record.number;
  packet.atNs = record.atNs;
  if (packet.bytes !== bytes) packet.bytes = bytes;
  packet.version = 4;
  packet.src0 = 0;
  packet.src1 = 0;
  packet.src2 = 0xffff;
  packet.src3 = v.getInt32(ip + 12);
  packet.dst0 = 0;
  packet.dst1 = 0;
  packet.dst2 = 0xffff;
  packet.dst3 = v.getInt32(ip + 16);
  packet.srcPort = v.getUint16(tcp);
  packet.dstPort = v.getUint16(tcp + 2);
  packet.seq = v.getUint32(tcp + 4);
  packet.ack = v.getUint32(tcp + 8);
  packet.flags = v.getUint8(tcp + 13);
  packet.window = v.getUint16(tcp + 14);
  packet.payloadLength = wireEnd - payloadAt;
  packet.payloadStart = payloadAt;
  packet.payloadCaptured = end - payloadAt;
  packet.mss = -1;
  packet.windowScale = -1;
  packet.sackPermitted = false;
  packet.sackBlocks = 0;
  packet.duplicateSack = false;
  if (headerBytes === 20 + ALIGNED_TIMESTAMPS_BYTES && v.getInt32(tcp + 20) === ALIGNED_TIMESTAMPS) {
    packet.timestampValue = v.getUint32(tcp + 24);
    packet.timestampEcho = v.getUint32(tcp + 28);
  } else {
    packet.timestampValue = -1;
    packet.timestampEcho = -1;
    if (headerBytes > 20) readOptions(packet, bytes, tcp + 20, payloadAt);
  }
  return true;
}
