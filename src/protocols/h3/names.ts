/** The numbers of HTTP/3 and their names (RFC 9114 sections 7, 8 and 11; RFC 9204 section 8; RFC 9220, RFC 9297, RFC 9218). */

export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  CANCEL_PUSH: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  GOAWAY: 0x7,
  MAX_PUSH_ID: 0xd,
} as const;
/** PRIORITY, PING, WINDOW_UPDATE and CONTINUATION of HTTP/2: whoever sends one is confused (section 7.2.8). */
export const H2_ONLY_FRAMES: readonly number[] = [0x2, 0x6, 0x8, 0x9];

/** Types of unidirectional streams (section 6.2, RFC 9204 section 4.2). */
export const STREAM_TYPE = { control: 0x0, push: 0x1, qpackEncoder: 0x2, qpackDecoder: 0x3 } as const;

export const ERROR = {
  H3_DATAGRAM_ERROR: 0x33,
  H3_NO_ERROR: 0x100,
  H3_GENERAL_PROTOCOL_ERROR: 0x101,
  H3_INTERNAL_ERROR: 0x102,
  H3_STREAM_CREATION_ERROR: 0x103,
  H3_CLOSED_CRITICAL_STREAM: 0x104,
  H3_FRAME_UNEXPECTED: 0x105,
  H3_FRAME_ERROR: 0x106,
  H3_EXCESSIVE_LOAD: 0x107,
  H3_ID_ERROR: 0x108,
  H3_SETTINGS_ERROR: 0x109,
  H3_MISSING_SETTINGS: 0x10a,
  H3_REQUEST_REJECTED: 0x10b,
  H3_REQUEST_CANCELLED: 0x10c,
  H3_REQUEST_INCOMPLETE: 0x10d,
  H3_MESSAGE_ERROR: 0x10e,
  H3_CONNECT_ERROR: 0x10f,
  H3_VERSION_FALLBACK: 0x110,
  QPACK_DECOMPRESSION_FAILED: 0x200,
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  QPACK_DECODER_STREAM_ERROR: 0x202,
} as const;
export type H3ErrorName = keyof typeof ERROR;

export const SETTING = {
  QPACK_MAX_TABLE_CAPACITY: 0x1,
  MAX_FIELD_SECTION_SIZE: 0x6,
  QPACK_BLOCKED_STREAMS: 0x7,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  H3_DATAGRAM: 0x33,
} as const;
/** ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE and MAX_FRAME_SIZE of HTTP/2 (section 7.2.4.1). */
export const H2_ONLY_SETTINGS: readonly number[] = [0x2, 0x3, 0x4, 0x5];

const invert = (names: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(names).map(([name, number]) => [number, name]));
const FRAME_NAMES = invert(FRAME);
const ERROR_NAMES = invert(ERROR);
const SETTING_NAMES = invert(SETTING);

const hex = (number: number) => `0x${number.toString(16)}`;
/** Numbers 0x1f * N + 0x21 stand for nothing: they are sent so that peers stay tolerant (section 7.2.8). */
const isReserved = (number: number): boolean => number >= 0x21 && (number - 0x21) % 0x1f === 0;
const named = (names: ReadonlyMap<number, string>) => (number: number) =>
  names.get(number) ?? (isReserved(number) ? "reserved" : hex(number));

/** Such as `HEADERS`; `reserved` of numbers that stand for nothing; another as `0x1f`. */
export const h3FrameName = named(FRAME_NAMES);
/** Such as `H3_REQUEST_CANCELLED`; `reserved`; another as `0x1f`. */
export const h3ErrorName = named(ERROR_NAMES);
/** Such as `MAX_FIELD_SECTION_SIZE`; `reserved`; another as `0x1f`. */
export const h3SettingName = named(SETTING_NAMES);
