/** What a frame's header alone can break, so that it is refused before its payload has come (RFC 9113 sections 4.2 and 6). */
import { connectionFault, type H2Fault, streamFault } from "./fault.js";
import { FLAG, FRAME, frameName } from "./names.js";

/** A frame's header (section 4.1). */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Of the payload, in bytes. */
  readonly length: number;
  /** Where the frame begins in the stream of bytes, counted from the first byte the reader got. */
  readonly offset: number;
}

/** The reason of the fault where the peer speaks HTTP/1. */
export const HTTP1_INSTEAD = "an HTTP/1 message where a frame was to come";

const ON_STREAM = 1;
const ON_CONNECTION = 2;
const ON_EITHER = 3;
const EXACT = { [FRAME.PRIORITY]: 5, [FRAME.RST_STREAM]: 4, [FRAME.PING]: 8, [FRAME.WINDOW_UPDATE]: 4 } as Readonly<
  Record<number, number | undefined>
>;
const PLACE = [
  ON_STREAM, // DATA
  ON_STREAM, // HEADERS
  ON_STREAM, // PRIORITY
  ON_STREAM, // RST_STREAM
  ON_CONNECTION, // SETTINGS
  ON_STREAM, // PUSH_PROMISE
  ON_CONNECTION, // PING
  ON_CONNECTION, // GOAWAY
  ON_EITHER, // WINDOW_UPDATE
  ON_STREAM, // CONTINUATION
];

/** @param maxFrameBytes what the receiver allows: its SETTINGS_MAX_FRAME_SIZE */
export function checkFrame(head: FrameHead, maxFrameBytes: number): H2Fault | undefined {
  const { type, length, streamId } = head;
  if (isHttp1(head)) return connectionFault("PROTOCOL_ERROR", HTTP1_INSTEAD);
  if (length > maxFrameBytes) {
    return connectionFault(
      "FRAME_SIZE_ERROR",
      `${frameName(type)} frame of ${length} bytes; ${maxFrameBytes} are allowed`,
      streamId,
    );
  }
  const place = PLACE[type] ?? ON_EITHER;
  if (streamId === 0 ? place === ON_STREAM : place === ON_CONNECTION) {
    const where = streamId === 0 ? "stream 0; it belongs to a stream" : `stream ${streamId}; it belongs to stream 0`;
    return connectionFault("PROTOCOL_ERROR", `${frameName(type)} frame on ${where}`, streamId);
  }
  return checkLength(head);
}

/** The letters `HTTP/` read as a frame's header: a server that does not speak HTTP/2 answers the preface so. */
const isHttp1 = ({ offset, length, type, flags }: FrameHead): boolean =>
  offset === 0 && length === 0x485454 && type === 0x50 && flags === 0x2f;

function checkLength({ type, length, streamId, flags }: FrameHead): H2Fault | undefined {
  const exact = EXACT[type];
  if (exact !== undefined && length !== exact) {
    const reason = `${frameName(type)} frame of ${length} bytes; it has ${exact}`;
    // Section 6.3: a PRIORITY of a wrong size is an error of its stream only.
    return type === FRAME.PRIORITY
      ? streamFault("FRAME_SIZE_ERROR", streamId, reason)
      : connectionFault("FRAME_SIZE_ERROR", reason, streamId);
  }
  const least = leastBytes(type, flags);
  if (length < least) {
    return connectionFault(
      "FRAME_SIZE_ERROR",
      `${frameName(type)} frame of ${length} bytes; it has at least ${least}`,
      streamId,
    );
  }
  if (type !== FRAME.SETTINGS) return undefined;
  if ((flags & FLAG.ACK) !== 0 && length > 0) {
    return connectionFault("FRAME_SIZE_ERROR", `SETTINGS acknowledgement of ${length} bytes; it has none`);
  }
  if (length % 6 !== 0)
    return connectionFault("FRAME_SIZE_ERROR", `SETTINGS frame of ${length} bytes; each setting has 6`);
  return undefined;
}

function leastBytes(type: number, flags: number): number {
  if (type === FRAME.GOAWAY) return 8;
  const padding = (flags & FLAG.PADDED) !== 0 ? 1 : 0;
  if (type === FRAME.DATA) return padding;
  if (type === FRAME.HEADERS) return padding + ((flags & FLAG.PRIORITY) !== 0 ? 5 : 0);
  if (type === FRAME.PUSH_PROMISE) return padding + 4;
  return 0;
}
