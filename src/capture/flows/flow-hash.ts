/** Which of a connection's ends comes first, and a number by which its record is found, the same in both directions. */
import type { Packet } from "../decode/packet.js";

/** Mixes both ends, whichever way the packet goes. */
export function hashOf(p: Packet): number {
  const lower = sourceIsLower(p);
  const ports = lower ? (p.srcPort << 16) | p.dstPort : (p.dstPort << 16) | p.srcPort;
  return mix(lower ? p.src3 : p.dst3, lower ? p.dst3 : p.src3, p.version === 6 ? ports ^ upperWords(p) : ports);
}

export function sourceIsLower(p: Packet): boolean {
  if (p.src3 !== p.dst3) return p.src3 < p.dst3;
  if (p.srcPort !== p.dstPort) return p.srcPort < p.dstPort;
  if (p.src2 !== p.dst2) return p.src2 < p.dst2;
  if (p.src1 !== p.dst1) return p.src1 < p.dst1;
  return p.src0 <= p.dst0;
}

const upperWords = (p: Packet): number => p.src0 ^ p.src1 ^ p.src2 ^ p.dst0 ^ p.dst1 ^ p.dst2;

/** Mixes well enough that flows which differ in one port or one address bit do not share a bucket. */
export function mix(a: number, b: number, ports: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ ports, 0x27d4eb2f);
  return h ^ (h >>> 16);
}
