/** What all connections of a lane of HTTP/2 share. */

import { type PreparedHeaders, prepareHeaders } from "../../protocols/h2/options.js";
import type { HeaderField } from "../../protocols/hpack/field.js";
import { headerField } from "../../protocols/hpack/field.js";
import type { StreamRequest } from "../../protocols/protocol.js";
import type { ConnectionPlan } from "../tcp/net-connection.js";
import type { WritePlan } from "../tcp/net-writer.js";

export interface H2Plan extends ConnectionPlan, Pick<WritePlan, "behaviour" | "options"> {
  readonly request: StreamRequest;
  /** Encoded once: without the dynamic table every request is the same bytes, and can be cut at the same places. */
  readonly headers: PreparedHeaders;
  /** What the first request of a measured block asks in place of the others; undefined: the same. */
  readonly slowFirst: PreparedHeaders | undefined;
  /** What the answer says is looked at. */
  readonly isHealthCheck: boolean;
  /** Bytes of a request's frames, at most 16 KiB of body in each. */
  readonly requestBytes: number;
}

/** @param path in place of the request's own */
export function requestFields({ method, path, scheme, authority, headers, body }: StreamRequest): HeaderField[] {
  const named = headers.map(([name, value]) => headerField(name, value));
  const length =
    body.length > 0 && !headers.some(([name]) => name === "content-length" || name === "te")
      ? [headerField("content-length", String(body.length))]
      : [];
  return [
    headerField(":method", method),
    headerField(":scheme", scheme),
    headerField(":authority", authority),
    headerField(":path", path),
    ...named,
    ...length,
  ];
}

const FRAME_HEADER_BYTES = 9;
/** What every server must take (RFC 9113 section 6.5.2, SETTINGS_MAX_FRAME_SIZE). */
const FRAME_BYTES = 16_384;

/** A request's frames: how many bytes, where they end, and where its headers do. */
export interface FramedRequest {
  readonly headers: PreparedHeaders;
  readonly bytes: number;
  /** Offsets between HEADERS and DATA: none without a body. */
  readonly fields: readonly number[];
  /** Offsets between any two frames. */
  readonly frames: readonly number[];
}

export function framed(request: StreamRequest): FramedRequest {
  const headers = prepareHeaders(requestFields(request));
  const ends: number[] = [];
  let at = 0;
  const frames = (length: number): void => {
    for (let left = length; left > 0; left -= FRAME_BYTES) {
      at += FRAME_HEADER_BYTES + Math.min(left, FRAME_BYTES);
      ends.push(at);
    }
  };
  frames(headers.block.length);
  const headersEnd = at;
  frames(request.body.length);
  return { headers, bytes: at, fields: at > headersEnd ? [headersEnd] : [], frames: ends.slice(0, -1) };
}
