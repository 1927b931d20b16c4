/** HTTP/2 where no preface tells of it, from a client's first data that the capture has. */
import { FRAME, FRAME_HEADER_BYTES } from "../../protocols/h2/names.js";
import { FrameSearch } from "../../protocols/h2/resync.js";
import type { Packet } from "../decode/packet.js";

const LOOK_BYTES = 4096;
const UPGRADE = /\r\nupgrade:[^\r\n]*\bh2c\b/i;

/** A request of HTTP/1.1 that offers to go on in HTTP/2 (RFC 7540 section 3.2). */
export function wantsUpgrade({ bytes, payloadStart, payloadCaptured }: Packet): boolean {
  const length = Math.min(payloadCaptured, LOOK_BYTES);
  return UPGRADE.test(Buffer.from(bytes.buffer, bytes.byteOffset + payloadStart, length).toString("latin1"));
}

/** The first frame of an end (RFC 9113 section 3.4): SETTINGS, no acknowledgement of any. */
export function beginsWithSettings({ bytes, payloadStart: at, payloadCaptured }: Packet): boolean {
  return payloadCaptured >= FRAME_HEADER_BYTES && bytes[at + 3] === FRAME.SETTINGS && bytes[at + 4] === 0;
}

/** The segment begins with a frame, and behind it comes another, or its end. */
export function looksLikeFrames({ bytes, payloadStart, payloadCaptured }: Packet): boolean {
  const end = payloadStart + Math.min(payloadCaptured, LOOK_BYTES);
  const search = new FrameSearch();
  return search.push(bytes, payloadStart, end) !== undefined && search.skipped === 0;
}
