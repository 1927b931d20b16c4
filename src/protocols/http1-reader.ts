/**
 * Reads HTTP/1 answers: where each ends and what it says. RFC 9112 section 6.3 gives the order of the length rules.
 * Header lines are compared as bytes, and bodies only counted: an answer that is whole in one push allocates its result alone.
 */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { chunkSize, contentLength, endsInToken, hasName, hasToken, isHeader } from "./http1-fields.js";
import {
  type AnswerKind,
  type AnswerReader,
  type AnswerState,
  type Complete,
  INCOMPLETE,
  type Malformed,
} from "./protocol.js";

/** Bound on one head, on one chunk's size line and on the trailers; nginx and Node allow 8 to 32 KiB. */
const MAX_HEAD = 64 * 1024;
const SHOWN = 60;
const MAX_DETAIL = 120;
const NOT_SAID = -1;

type Phase = "status" | "headers" | "body" | "until-close" | "chunk-size" | "chunk" | "trailers";

export class Http1Answers implements AnswerReader {
  readonly #method: string;
  readonly #line = new LineCollector(MAX_HEAD);
  readonly #chunk = new CountedBlock();
  #phase: Phase = "status";
  #headBytes = 0;
  #status = 0;
  /** The status line behind the version, of an answer that is an error. */
  #detail = "";
  #http10 = false;
  #connection: "close" | "keep-alive" | "unsaid" = "unsaid";
  #encoded = false;
  #chunked = false;
  /** Bytes of the body still to come. */
  #left = NOT_SAID;
  #malformed: Malformed | undefined;

  /** @param method of the requests that are answered: an answer to HEAD has no body */
  constructor(method: string) {
    this.#method = method;
  }

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    let at = start;
    while (at < end && this.#malformed === undefined) {
      switch (this.#phase) {
        case "until-close":
          return INCOMPLETE;
        case "body": {
          const taken = Math.min(this.#left, end - at);
          this.#left -= taken;
          at += taken;
          if (this.#left === 0) return this.#complete(at);
          break;
        }
        case "chunk":
          at = this.#chunk.take(chunk, at, end);
          if (at === OPEN) return INCOMPLETE;
          if (at === BROKEN) return this.#fail("CR LF behind a chunk", "other bytes");
          this.#phase = "chunk-size";
          this.#headBytes = 0;
          break;
        default: {
          const next = this.#line.take(chunk, at, end);
          if (next === OPEN) return this.#openLine();
          if (next === BROKEN) return this.#fail(`a line of at most ${MAX_HEAD} bytes`, this.#line.shown(0, SHOWN));
          const state = this.#endOfLine(next);
          if (state !== INCOMPLETE) return state;
          at = next;
        }
      }
    }
    return this.#malformed ?? INCOMPLETE;
  }

  close(): AnswerState {
    if (this.#malformed !== undefined) return this.#malformed;
    return this.#phase === "until-close" ? this.#complete(0) : INCOMPLETE;
  }

  /** A status line that cannot become one is told at once, not when the peer has sent 64 KiB of it. */
  #openLine(): AnswerState {
    if (this.#phase === "status" && !this.#line.agreesWith("HTTP/1.")) return this.#notHttp();
    return this.#headBytes + this.#line.length > MAX_HEAD ? this.#tooLong() : INCOMPLETE;
  }

  #endOfLine(end: number): AnswerState {
    const line = this.#line;
    this.#headBytes += line.length + (line.crlf ? 2 : 1);
    if (this.#headBytes > MAX_HEAD) return this.#tooLong();
    switch (this.#phase) {
      case "status":
        return this.#statusLine();
      case "headers":
        return line.length === 0 ? this.#endOfHead(end) : this.#header();
      case "chunk-size":
        return this.#chunkSize();
      default:
        // Trailers say nothing about where the answer ends.
        return line.length === 0 ? this.#complete(end) : INCOMPLETE;
    }
  }

  /** `HTTP/1.1 200 OK`; the reason may be missing (RFC 9112 section 4). */
  #statusLine(): AnswerState {
    const line = this.#line;
    const status = line.decimal(9, 12, 999);
    const separated = line.bytes[8] === 0x20 && (line.length === 12 || line.bytes[12] === 0x20);
    const version = line.startsWith("HTTP/1.") && line.decimal(7, 8, 9) >= 0;
    if (!version || line.length < 12 || !separated || status < 100) return this.#notHttp();
    this.#status = status;
    this.#detail = status >= 400 ? line.shown(9, MAX_DETAIL) : "";
    this.#http10 = line.bytes[7] === 0x30;
    this.#connection = "unsaid";
    this.#encoded = false;
    this.#left = NOT_SAID;
    this.#phase = "headers";
    return INCOMPLETE;
  }

  #header(): AnswerState {
    const line = this.#line;
    // A folded line (RFC 9112 5.2) continues a header that is none of the three that matter here.
    if (line.bytes[0] === 0x20 || line.bytes[0] === 0x09) return INCOMPLETE;
    if (hasName(line, "content-length")) {
      const length = contentLength(line);
      if (length < 0 || (this.#left !== NOT_SAID && this.#left !== length)) {
        return this.#fail("one Content-Length", line.shown(0, SHOWN));
      }
      this.#left = length;
    } else if (hasName(line, "transfer-encoding")) {
      this.#encoded = true;
      this.#chunked = endsInToken(line, "chunked");
    } else if (hasName(line, "connection")) {
      if (hasToken(line, "close")) this.#connection = "close";
      else if (this.#connection === "unsaid" && hasToken(line, "keep-alive")) this.#connection = "keep-alive";
    } else if (!isHeader(line)) {
      return this.#fail("a header line", line.shown(0, SHOWN));
    }
    return INCOMPLETE;
  }

  #endOfHead(end: number): AnswerState {
    const status = this.#status;
    this.#headBytes = 0;
    if (status < 200 && status !== 101) {
      this.#phase = "status";
      return INCOMPLETE;
    }
    if (this.#method === "HEAD" || status < 200 || status === 204 || status === 304) return this.#complete(end);
    if (this.#encoded) {
      // Not chunked last: only the close can end it.
      this.#phase = this.#chunked ? "chunk-size" : "until-close";
      return INCOMPLETE;
    }
    if (this.#left === 0) return this.#complete(end);
    this.#phase = this.#left === NOT_SAID ? "until-close" : "body";
    return INCOMPLETE;
  }

  #chunkSize(): AnswerState {
    const size = chunkSize(this.#line);
    if (size < 0) return this.#fail("a chunk size", this.#line.shown(0, SHOWN));
    this.#headBytes = 0;
    this.#phase = size === 0 ? "trailers" : "chunk";
    this.#chunk.begin(size);
    return INCOMPLETE;
  }

  #complete(end: number): Complete {
    const kind: AnswerKind =
      this.#status === 404 || this.#status === 410 ? "miss" : this.#status >= 400 ? "error" : "value";
    const persists = this.#http10 ? this.#connection === "keep-alive" : this.#connection !== "close";
    const closes = !persists || this.#phase === "until-close";
    this.#phase = "status";
    this.#headBytes = 0;
    if (kind === "error") return { state: "complete", end, kind, detail: this.#detail, closes };
    return { state: "complete", end, kind, closes };
  }

  #tooLong(): Malformed {
    return this.#fail(`a head of at most ${MAX_HEAD} bytes`, "more");
  }

  #notHttp(): Malformed {
    const { bytes, length } = this.#line;
    // A server's connection preface is a SETTINGS frame: three bytes of length, then type 4 (RFC 9113 section 3.4).
    if (length >= 4 && bytes[0] === 0 && bytes[1] === 0 && bytes[3] === 4) {
      return this.#fail(
        "an HTTP/1 status line; this port speaks HTTP/2 (h2c:// or --http2)",
        this.#line.shown(0, SHOWN),
      );
    }
    return this.#fail("an HTTP/1 status line", this.#line.shown(0, SHOWN));
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}
