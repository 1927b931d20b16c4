/** Looks into what may be the first datagram of a client, before anything is kept of it. */
import { QuicConversation } from "../../protocols/quic/conversation.js";
import { looksLikeClientInitial } from "../../protocols/quic/packet-head.js";

/**
 * Whether a connection begins here.
 * @param cut the capture has not got all of the datagram: then nothing can be opened, and the looks have to do
 */
export function beginsConnection(datagram: Uint8Array, cut: boolean): boolean {
  // Whoever resumes may clear the bit that is mostly set (RFC 9287); that it opens is proof enough.
  if (!looksLikeClientInitial(datagram) && !looksLikeLongHeader(datagram)) return false;
  if (cut) return looksLikeCutInitial(datagram);
  const looked = new QuicConversation();
  looked.push("client", datagram, 0);
  const { initial, "unknown-version": unknown } = looked.packets("client");
  // The Initial of a server looks the same, but opens with other keys (RFC 9001 section 5.2).
  return unknown !== undefined || (initial?.opened ?? 0) > 0;
}

/** A long header of QUIC v1 or v2, type Initial, as far as it was captured. */
function looksLikeCutInitial(datagram: Uint8Array): boolean {
  if (datagram.length < 7) return false;
  const [first = 0, ...version] = datagram.subarray(0, 5);
  const number = version.reduce((sum, byte) => sum * 256 + byte, 0);
  const type = (first >> 4) & 3;
  if ((first & 0xc0) !== 0xc0 || (datagram[5] ?? 0) < 8 || (datagram[5] ?? 0) > 20) return false;
  return (number === 1 && type === 0) || (number === 0x6b3343cf && type === 1);
}

/** Destination connection ID of a long header, in hexadecimal; undefined: it is none, or cut off. */
export function longHeaderDcid(datagram: Uint8Array): string | undefined {
  const length = datagram[5];
  if (length === undefined || ((datagram[0] ?? 0) & 0x80) === 0 || datagram.length < 6 + length) return undefined;
  return hexOf(datagram, 6, length);
}

/** A short header with the bit set that is always set (RFC 9000 section 17.3). */
export const looksLikeShortHeader = (datagram: Uint8Array): boolean => ((datagram[0] ?? 0) & 0xc0) === 0x40;

/** A long header of a version that can be opened. */
export const looksLikeLongHeader = (datagram: Uint8Array): boolean => {
  const [first = 0, a, b, c, d] = datagram;
  if ((first & 0x80) === 0) return false;
  return (a === 0 && b === 0 && c === 0 && d === 1) || (a === 0x6b && b === 0x33 && c === 0x43 && d === 0xcf);
};

export const hexOf = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString("hex");
