/** What an observer sees in one direction of a connection. */
import type { HeaderField } from "../hpack/field.js";
import type { HeadersKind } from "./events.js";
import type { Goaway, SettingEntry } from "./frame-payloads.js";

/** Where an event stands: offsets count from the first byte pushed, and times are those given with the bytes. */
interface Place {
  /** The time of the bytes in which the frame (of a piece: the piece) ended. */
  readonly atNs: number;
  /** The frame's first byte, and the byte behind what the event tells. */
  readonly offset: number;
  readonly endOffset: number;
}

export type Observed = Place &
  (
    | { readonly type: "preface" }
    | {
        readonly type: "headers";
        readonly streamId: number;
        /** `unknown`: what would tell stands in a part of the table that was never seen. `promise`: PUSH_PROMISE. */
        readonly kind: HeadersKind | "promise" | "unknown";
        readonly fields: readonly HeaderField[];
        /** When the first byte of the HEADERS frame came. */
        readonly beganNs: number;
        readonly wireBytes: number;
        readonly plainBytes: number;
        /** Some fields are unknown, or the block could not be decoded at all (`fields` is then empty). */
        readonly complete: boolean;
        readonly endStream: boolean;
        readonly promisedId: number;
      }
    /** Content of a DATA frame as it came, `bytes` of it; a frame in several chunks gives several. */
    | { readonly type: "data"; readonly streamId: number; readonly bytes: number }
    /** END_STREAM has come with DATA or HEADERS. */
    | { readonly type: "end"; readonly streamId: number }
    | { readonly type: "reset"; readonly streamId: number; readonly code: number; readonly codeName: string }
    | { readonly type: "settings"; readonly entries: readonly SettingEntry[] }
    | { readonly type: "settings-ack" }
    /** `payload` in hex: what pairs a PING with its answer in the other direction. */
    | { readonly type: "ping"; readonly ack: boolean; readonly payload: string }
    | ({ readonly type: "goaway" } & Goaway)
    | { readonly type: "window-update"; readonly streamId: number; readonly increment: number }
    /** PRIORITY and types beyond RFC 9113. */
    | { readonly type: "other-frame"; readonly streamId: number; readonly frameType: number; readonly length: number }
    /** From here on frames are read; `skippedBytes` before it were not. */
    | { readonly type: "synchronised"; readonly skippedBytes: number }
    /** The bytes are not what they should be. The observer goes on as it can; `final`: it has given up. */
    | { readonly type: "lost"; readonly reason: string; readonly final: boolean }
  );
