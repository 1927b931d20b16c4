/** What netlat knows of the applications of QUIC: by their ALPN names. */
import { h3ErrorName } from "../../protocols/h3/names.js";

/** `h3`, and the drafts that browsers spoke before RFC 9114. */
export const isH3 = (alpn: string): boolean => /^h3(-\d+)?$/.test(alpn);
/** RFC 9250 section 4.1.1, and its drafts. */
export const isDoq = (alpn: string): boolean => /^doq(-i\d+)?$/.test(alpn);

/** RFC 9250 section 4.3. */
const DOQ_ERRORS: ReadonlyMap<number, string> = new Map([
  [0x0, "DOQ_NO_ERROR"],
  [0x1, "DOQ_INTERNAL_ERROR"],
  [0x2, "DOQ_PROTOCOL_ERROR"],
  [0x3, "DOQ_REQUEST_CANCELLED"],
  [0x4, "DOQ_EXCESSIVE_LOAD"],
  [0x5, "DOQ_UNSPECIFIED_ERROR"],
  [0xd098ea5e, "DOQ_ERROR_RESERVED"],
]);

/** Of a stream, or of an application's close: such as `H3_NO_ERROR`; of a protocol without names, its number. */
export function applicationErrorName(alpn: string | undefined, errorCode: number): string {
  if (alpn !== undefined && isH3(alpn)) return h3ErrorName(errorCode);
  return (alpn !== undefined && isDoq(alpn) ? DOQ_ERRORS.get(errorCode) : undefined) ?? `error ${errorCode}`;
}
