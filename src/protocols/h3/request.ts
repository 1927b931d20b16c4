/** A request of HTTP/3 as it stands on its stream (RFC 9114 section 4.1). */
import { type HeaderField, headerField } from "../hpack/field.js";
import type { H3Request } from "../protocol.js";
import { encodeFields } from "../qpack/encoder.js";
import { writeData, writeHeaders } from "./frame-writer.js";

export interface EncodedRequest {
  /** HEADERS, and DATA where there is a body; the stream ends behind them. The same on every stream. */
  readonly bytes: Uint8Array;
  /** Offsets between HEADERS and DATA: none without a body. */
  readonly fields: readonly number[];
  /** Offsets between any two frames. */
  readonly frames: readonly number[];
}

export function h3Request(request: H3Request): EncodedRequest {
  const headers = writeHeaders(encodeFields(requestFields(request)));
  const frames = request.body.length > 0 ? [headers.length] : [];
  const bytes = request.body.length > 0 ? Buffer.concat([headers, writeData(request.body)]) : headers;
  return { bytes, fields: frames, frames };
}

function requestFields({ method, path, authority, headers, body }: H3Request): HeaderField[] {
  const length = body.length > 0 ? [headerField("content-length", String(body.length))] : [];
  return [
    headerField(":method", method),
    headerField(":scheme", "https"),
    headerField(":authority", authority),
    headerField(":path", path),
    ...headers.map(([name, value]) => headerField(name, value)),
    ...length,
  ];
}
