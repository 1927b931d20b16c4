/** Writes frames and the beginnings of streams (RFC 9114 sections 6.2 and 7). Each call returns a buffer of its own. */
import { varintBytes, writeVarint } from "../quic/byte-reader.js";
import { FRAME, STREAM_TYPE } from "./names.js";
import { type H3Settings, settingEntries } from "./settings.js";

/** A frame of any type. */
export function writeFrame(type: number, payload: Uint8Array): Uint8Array {
  const head = varints(type, payload.length);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}

/** A HEADERS frame. @param section encoded by QPACK */
export const writeHeaders = (section: Uint8Array): Uint8Array => writeFrame(FRAME.HEADERS, section);

export const writeData = (content: Uint8Array): Uint8Array => writeFrame(FRAME.DATA, content);

/** The beginning of a DATA frame, for content that is made as it goes out. */
export const dataHead = (contentBytes: number): Uint8Array => varints(FRAME.DATA, contentBytes);

/** Requests with this stream ID (of a client: pushes with this push ID) and above are not processed (section 5.2). */
export const writeGoaway = (id: number): Uint8Array => writeFrame(FRAME.GOAWAY, varints(id));

export const writeSettings = (chosen: Partial<H3Settings>): Uint8Array =>
  writeFrame(FRAME.SETTINGS, varints(...settingEntries(chosen).flat()));

/** How a control stream begins: its type, then SETTINGS. */
export const controlStreamStart = (chosen: Partial<H3Settings>): Uint8Array =>
  Uint8Array.from([STREAM_TYPE.control, ...writeSettings(chosen)]);

function varints(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((total, value) => total + varintBytes(value), 0));
  let at = 0;
  for (const value of values) at = writeVarint(bytes, at, value);
  return bytes;
}
