/** How an endpoint behaves, and the bounds that it holds its peer to. */
import { ByteSink } from "../hpack/byte-sink.js";
import { HpackEncoder, type HpackEncoderOptions } from "../hpack/encoder.js";
import type { HeaderField } from "../hpack/field.js";
import type { Emit } from "./events.js";
import { DEFAULT_HEADER_LIMITS, type HeaderLimits } from "./header-assembler.js";
import type { WindowPolicy } from "./receive-windows.js";
import type { Settings } from "./settings.js";

export interface Limits extends HeaderLimits {
  /** The largest list of fields (RFC 9113 section 6.5.2), and the longest name or value, in bytes. */
  readonly maxHeaderListBytes: number;
  readonly maxStringBytes: number;
  /** SETTINGS frames on one connection. */
  readonly maxSettingsFrames: number;
  /** Frames that we must send because of frames of the peer and that the owner has not taken yet. */
  readonly maxUnsentReplies: number;
  /** 1xx responses on one stream. */
  readonly maxInformational: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  ...DEFAULT_HEADER_LIMITS,
  maxHeaderListBytes: 256 * 1024,
  maxStringBytes: 64 * 1024,
  maxSettingsFrames: 1000,
  maxUnsentReplies: 10_000,
  maxInformational: 100,
});

export interface ConnectionOptions {
  /** Called while bytes are taken or calls are made; it may call the connection, but not `receive`. */
  readonly emit: Emit;
  /** What our SETTINGS say. A client says ENABLE_PUSH 0 unless told otherwise. */
  readonly settings?: Partial<Settings>;
  /** The connection's receive window, from 65535 up; above that a WINDOW_UPDATE goes out with the SETTINGS. */
  readonly connectionWindowBytes?: number;
  /** When windows are given back. Default 0.5. */
  readonly windowPolicy?: WindowPolicy;
  /** `manual`: the peer's SETTINGS are acknowledged only by `acknowledgeSettings`. Default `at-once`. */
  readonly ackSettings?: "at-once" | "manual";
  /** Answer PING. Default yes; without it a peer's keepalive timeout can be shown. */
  readonly ackPings?: boolean;
  readonly hpack?: HpackEncoderOptions;
  readonly limits?: Partial<Limits>;
}

/** Header fields that are encoded once and sent often: they use no dynamic table, so they are the same on every connection. */
export interface PreparedHeaders {
  readonly block: Uint8Array;
  /** Names and values without any compression, in bytes. */
  readonly plainBytes: number;
}

export function prepareHeaders(fields: readonly HeaderField[], options: { huffman?: boolean } = {}): PreparedHeaders {
  const encoder = new HpackEncoder({ ...options, indexing: false });
  const sink = new ByteSink();
  encoder.encodeTo(fields, sink);
  return { block: sink.copy(), plainBytes: encoder.plainBytes };
}

export type Headers = readonly HeaderField[] | PreparedHeaders;
