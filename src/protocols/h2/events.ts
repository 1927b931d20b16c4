/** What an endpoint tells its owner. `atNs` is the time given to the call that caused it. */
import type { HeaderField } from "../hpack/field.js";
import type { H2Fault } from "./fault.js";
import type { SettingEntry } from "./frame-payloads.js";
import type { Settings } from "./settings.js";
import type { H2Stream } from "./stream.js";

export type HeadersKind = "request" | "informational" | "response" | "trailers";

export type H2Event =
  /** The peer's SETTINGS, as sent and as they now hold. */
  | {
      readonly type: "settings";
      readonly atNs: number;
      readonly first: boolean;
      readonly entries: readonly SettingEntry[];
      readonly settings: Settings;
    }
  /** The peer acknowledged our SETTINGS, `rttNs` after we had put them into the output. */
  | { readonly type: "settings-acked"; readonly atNs: number; readonly rttNs: number; readonly settings: Settings }
  /** Client: the HEADERS of a request are in the output; it waited `atNs - stream.askedNs` for a stream. */
  | { readonly type: "opened"; readonly atNs: number; readonly stream: H2Stream }
  | {
      readonly type: "headers";
      readonly atNs: number;
      readonly stream: H2Stream;
      readonly kind: HeadersKind;
      readonly fields: readonly HeaderField[];
      /** The block as it came, and its names and values without compression, in bytes. */
      readonly wireBytes: number;
      readonly plainBytes: number;
      readonly endStream: boolean;
    }
  /** Content, `bytes[start, end)`, valid only during the call. Empty DATA frames say nothing. */
  | {
      readonly type: "data";
      readonly atNs: number;
      readonly stream: H2Stream;
      readonly bytes: Uint8Array;
      readonly start: number;
      readonly end: number;
    }
  /** The peer has ended its side of the stream. */
  | { readonly type: "end"; readonly atNs: number; readonly stream: H2Stream }
  | {
      readonly type: "reset";
      readonly atNs: number;
      readonly stream: H2Stream;
      readonly by: "peer" | "us";
      readonly code: number;
      readonly codeName: string;
      /** Why we did. */
      readonly reason?: string;
    }
  | { readonly type: "ping"; readonly atNs: number; readonly payload: Uint8Array }
  /** `token` is what `ping()` returned. */
  | { readonly type: "pong"; readonly atNs: number; readonly token: number; readonly rttNs: number }
  | {
      readonly type: "goaway";
      readonly atNs: number;
      readonly lastStreamId: number;
      readonly code: number;
      readonly codeName: string;
      readonly debug: string;
      /** Our requests that the peer will not touch (id above `lastStreamId`, or never sent): safe to retry. They are closed. */
      readonly unprocessed: readonly H2Stream[];
    }
  /** `stream` undefined: the connection's window. */
  | {
      readonly type: "window-update";
      readonly atNs: number;
      readonly by: "peer" | "us";
      readonly stream: H2Stream | undefined;
      readonly increment: number;
    }
  /**
   * `send`: our data waits for the peer's window. `receive`: the peer has used up the window that we gave.
   * `stream` is undefined where direction is `receive` and the window is the connection's.
   */
  | {
      readonly type: "blocked";
      readonly atNs: number;
      readonly direction: "send" | "receive";
      readonly on: "stream" | "connection";
      readonly stream: H2Stream | undefined;
    }
  /** The wait is over: our data goes out (or has another window to wait for), or the peer's next DATA has come. */
  | {
      readonly type: "released";
      readonly atNs: number;
      readonly direction: "send" | "receive";
      readonly on: "stream" | "connection";
      readonly stream: H2Stream | undefined;
      readonly blockedNs: number;
    }
  /** PRIORITY, and frames of types that are not of RFC 9113; `bytes[start, end)` is the payload, valid only during the call. */
  | {
      readonly type: "other-frame";
      readonly atNs: number;
      readonly frameType: number;
      readonly streamId: number;
      readonly bytes: Uint8Array;
      readonly start: number;
      readonly end: number;
    }
  /** The peer broke a rule. Of scope `connection`: GOAWAY is in the output and nothing more is read. */
  | { readonly type: "fault"; readonly atNs: number; readonly fault: H2Fault };

export type Emit = (event: H2Event) => void;
