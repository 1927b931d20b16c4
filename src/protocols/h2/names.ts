/** The numbers of HTTP/2 and their names (RFC 9113 sections 6, 7 and 11; RFC 8441; RFC 9218). */

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export const FRAME_HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE: the least and default, and the most. */
export const MIN_MAX_FRAME_BYTES = 16384;
export const MAX_MAX_FRAME_BYTES = 16777215;
export const DEFAULT_WINDOW_BYTES = 65535;
/** A window never exceeds this (section 6.9.1). */
export const MAX_WINDOW_BYTES = 2147483647;
export const MAX_STREAM_ID = 2147483647;

export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  ALTSVC: 0xa,
  ORIGIN: 0xc,
  PRIORITY_UPDATE: 0x10,
} as const;

export const FLAG = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

export const ERROR = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;
export type ErrorName = keyof typeof ERROR;

export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;
export type SettingName = keyof typeof SETTING;

const invert = (names: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(names).map(([name, number]) => [number, name]));
const FRAME_NAMES = invert(FRAME);
const ERROR_NAMES = invert(ERROR);
const SETTING_NAMES = invert(SETTING);

const hex = (number: number) => `0x${number.toString(16)}`;
/** Such as `HEADERS`; an unknown type as `0x1f`. */
export const frameName = (type: number): string => FRAME_NAMES.get(type) ?? hex(type);
/** Such as `REFUSED_STREAM`; an unknown code as `0x1f`. */
export const errorName = (code: number): string => ERROR_NAMES.get(code) ?? hex(code);
/** Such as `MAX_CONCURRENT_STREAMS`; an unknown identifier as `0x1f`. */
export const settingName = (id: number): string => SETTING_NAMES.get(id) ?? hex(id);
