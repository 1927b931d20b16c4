/** Reads one side of a request stream: a request or a response, by the rules of RFC 9114 section 4. */
import type { HeadersKind } from "../h2/events.js";
import { malformedFields } from "../h2/message-rules.js";
import { fieldValue, type HeaderField } from "../hpack/field.js";
import { decodeFields } from "../qpack/decoder.js";
import { connectionFault, type H3Fault, streamFault } from "./fault.js";
import { FrameReader } from "./frame-reader.js";
import { FRAME, h3FrameName } from "./names.js";

export interface MessageSink {
  /** @param wireBytes the encoded field section, in bytes */
  onHeaders(kind: HeadersKind, fields: readonly HeaderField[], wireBytes: number): void;
  /** Content, valid only during the call. */
  onContent(bytes: Uint8Array): void;
}

export interface MessageReaderOptions {
  /** Our SETTINGS_MAX_FIELD_SECTION_SIZE: a list beyond it is an error (section 4.2.2). Default 256 KiB. */
  readonly maxListBytes?: number;
  /** The longest HEADERS frame. Default 256 KiB. */
  readonly maxFrameBytes?: number;
  /** The reader looks on at ends that use QPACK's dynamic table: fields from it are unknown, and not judged. */
  readonly unknownTable?: boolean;
}

const DEFAULT_MAX_BYTES = 256 * 1024;
/** Interim responses in a row; nobody has use for more. */
const MOST_INTERIM = 64;

export class MessageReader {
  readonly #kind: "request" | "response";
  readonly #sink: MessageSink;
  readonly #maxListBytes: number;
  readonly #unknownTable: boolean;
  readonly #frames: FrameReader;
  #stage: "head" | "content" | "trailed" | "ended" = "head";
  #interim = 0;
  #contentLength: number | undefined;
  #fault: H3Fault | undefined;
  /** Whether the answer may have a content-length without content: to HEAD, and 304 (section 4.1.2). */
  answersHead = false;
  /** Bytes of content so far. */
  contentBytes = 0;

  constructor(kind: "request" | "response", sink: MessageSink, options: MessageReaderOptions = {}) {
    this.#kind = kind;
    this.#sink = sink;
    this.#maxListBytes = options.maxListBytes ?? DEFAULT_MAX_BYTES;
    this.#unknownTable = options.unknownTable ?? false;
    this.#frames = new FrameReader(
      {
        onFrameBegin: (type) => this.#begin(type),
        onFrame: (type, payload) => this.#frame(type, payload),
        onData: (bytes) => this.#content(bytes),
      },
      options.maxFrameBytes ?? DEFAULT_MAX_BYTES,
    );
  }

  /** Takes the next bytes of the stream. @returns what stopped the reader; it takes nothing from then on */
  push(bytes: Uint8Array): H3Fault | undefined {
    if (this.#stage === "ended") return this.#fault;
    this.#fault ??= this.#frames.push(bytes);
    return this.#fault;
  }

  /** The stream has ended. @returns what is wrong with the message as a whole */
  end(): H3Fault | undefined {
    if (this.#stage === "ended") return this.#fault;
    this.#fault ??= this.#incomplete();
    this.#stage = "ended";
    return this.#fault;
  }

  #incomplete(): H3Fault | undefined {
    if (!this.#frames.atBoundary) return connectionFault("H3_FRAME_ERROR", "the stream ends inside a frame");
    if (this.#stage === "head") {
      const code = this.#kind === "request" ? "H3_REQUEST_INCOMPLETE" : "H3_MESSAGE_ERROR";
      return streamFault(code, `the stream ends without a ${this.#kind}`);
    }
    const expected = this.#contentLength;
    const lacksContent = this.#kind === "response" && this.answersHead && this.contentBytes === 0;
    if (expected === undefined || expected === this.contentBytes || lacksContent) return undefined;
    return streamFault("H3_MESSAGE_ERROR", `content-length ${expected}, and ${this.contentBytes} bytes of content`);
  }

  /** Order of frames (section 4.1). Types that are unknown may stand anywhere. */
  #begin(type: number): H3Fault | undefined {
    switch (type) {
      case FRAME.DATA:
        return this.#stage === "content" ? undefined : this.#unexpected(type);
      case FRAME.HEADERS:
        return this.#stage === "trailed" ? this.#unexpected(type) : undefined;
      case FRAME.PUSH_PROMISE:
        // We never send MAX_PUSH_ID, so every push ID is too large (section 7.2.5).
        return this.#kind === "request"
          ? this.#unexpected(type)
          : connectionFault("H3_ID_ERROR", "PUSH_PROMISE, although no push was allowed");
      case FRAME.SETTINGS:
      case FRAME.CANCEL_PUSH:
      case FRAME.GOAWAY:
      case FRAME.MAX_PUSH_ID:
        return connectionFault("H3_FRAME_UNEXPECTED", `${h3FrameName(type)} on a request stream`);
      default:
        return undefined;
    }
  }

  #unexpected(type: number): H3Fault {
    const where = {
      head: "ahead of",
      content: "in the content of",
      trailed: "behind the trailers of",
      ended: "behind",
    };
    const reason = `${h3FrameName(type)} ${where[this.#stage]} the ${this.#kind}`;
    return connectionFault("H3_FRAME_UNEXPECTED", reason);
  }

  #frame(type: number, payload: Uint8Array): H3Fault | undefined {
    if (type !== FRAME.HEADERS) return undefined;
    const section = decodeFields(payload, 0, payload.length, {
      maxListBytes: this.#maxListBytes,
      unknownTable: this.#unknownTable,
    });
    if (!section.ok) return connectionFault("QPACK_DECOMPRESSION_FAILED", section.reason);
    if (section.truncated) {
      const what = `a field section of ${section.listBytes} bytes; ${this.#maxListBytes} are allowed`;
      return streamFault("H3_EXCESSIVE_LOAD", what);
    }
    const kind = this.#kindOf(section.fields);
    const wrong = section.unknown
      ? undefined
      : (malformedFields(section.fields, kind) ?? this.#wrongHead(section.fields, kind));
    if (wrong !== undefined) return streamFault("H3_MESSAGE_ERROR", wrong);
    if (kind === "informational") this.#interim++;
    else this.#stage = kind === "trailers" ? "trailed" : "content";
    this.#sink.onHeaders(kind, section.fields, payload.length);
    return undefined;
  }

  #kindOf(fields: readonly HeaderField[]): HeadersKind {
    if (this.#stage === "content") return "trailers";
    if (this.#kind === "request") return "request";
    return /^1\d\d$/.test(fieldValue(fields, ":status") ?? "") ? "informational" : "response";
  }

  /** What HTTP/3 asks beyond the rules of fields that it shares with HTTP/2. */
  #wrongHead(fields: readonly HeaderField[], kind: HeadersKind): string | undefined {
    if (kind === "trailers") return undefined;
    if (kind === "informational")
      return this.#interim < MOST_INTERIM ? undefined : `more than ${MOST_INTERIM} interim responses`;
    const scheme = fieldValue(fields, ":scheme");
    const isHttp = scheme === "http" || scheme === "https";
    if (isHttp && (fieldValue(fields, ":authority") ?? fieldValue(fields, "host")) === undefined) {
      return "request without :authority and host";
    }
    if (fieldValue(fields, ":status") === "304") this.answersHead = true;
    const length = fieldValue(fields, "content-length");
    if (length === undefined) return undefined;
    if (!/^\d{1,15}$/.test(length)) return "content-length that is no number";
    this.#contentLength = Number(length);
    return undefined;
  }

  #content(bytes: Uint8Array): H3Fault | undefined {
    const room = (this.#contentLength ?? Number.POSITIVE_INFINITY) - this.contentBytes;
    const allowed = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.contentBytes += allowed.length;
    if (allowed.length > 0) this.#sink.onContent(allowed);
    if (bytes.length <= room) return undefined;
    return streamFault("H3_MESSAGE_ERROR", `more content than the content-length of ${this.#contentLength}`);
  }
}
