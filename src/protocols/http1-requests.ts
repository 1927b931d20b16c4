/**
 * Reads HTTP/1 requests as a capture shows them: where each ends, and what its answer depends on (RFC 9112 sections 3 and 6). A server
 * would refuse more than this does; here only the framing matters.
 */
import { BROKEN, CountedBlock, LineCollector, malformed, OPEN } from "./framing.js";
import { chunkSize, contentLength, endsInToken, hasName, hasToken, isHeader } from "./http1-fields.js";
import { INCOMPLETE, type Incomplete, type Malformed } from "./protocol.js";

const MAX_HEAD = 64 * 1024;
const SHOWN = 60;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}) \S.* HTTP\/1\.\d$/;

type Phase = "line" | "headers" | "body" | "chunk-size" | "chunk" | "trailers";

export interface Http1Request {
  readonly state: "complete";
  /** Index in the chunk behind its last byte. */
  readonly end: number;
}

export class Http1Requests {
  readonly #line = new LineCollector(MAX_HEAD);
  readonly #chunk = new CountedBlock();
  #phase: Phase = "line";
  #headBytes = 0;
  #left = 0;
  #chunked = false;
  #malformed: Malformed | undefined;
  /** A request has begun, and not ended. */
  begun = false;
  /** Of the request that is being read, or was read last; empty: not known yet. */
  method = "";
  /** It asks for HTTP/2 in clear text (`Upgrade: h2c`, RFC 7540 section 3.2). */
  wantsH2c = false;

  /** Takes `chunk[start, end)`; after `complete` the caller pushes the rest again. Survives any chunking, never throws. */
  push(chunk: Uint8Array, start: number, end: number): Incomplete | Http1Request | Malformed {
    let at = this.begun ? start : pastEmptyLines(chunk, start, end);
    if (at < end && !this.begun) this.#begin();
    while (at < end && this.#malformed === undefined) {
      if (this.#phase === "body") {
        const taken = Math.min(this.#left, end - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) return this.#complete(at);
      } else if (this.#phase === "chunk") {
        at = this.#chunk.take(chunk, at, end);
        if (at === OPEN) return INCOMPLETE;
        if (at === BROKEN) return this.#fail("CR LF behind a chunk", "other bytes");
        this.#phase = "chunk-size";
        this.#headBytes = 0;
      } else {
        const next = this.#line.take(chunk, at, end);
        if (next === OPEN) return INCOMPLETE;
        if (next === BROKEN) return this.#fail(`a line of at most ${MAX_HEAD} bytes`, this.#line.shown(0, SHOWN));
        at = next;
        if (this.#endOfLine()) return this.#complete(at);
      }
    }
    return this.#malformed ?? INCOMPLETE;
  }

  #begin(): void {
    this.begun = true;
    this.method = "";
    this.wantsH2c = false;
  }

  /** @returns whether the request has ended with this line */
  #endOfLine(): boolean {
    const line = this.#line;
    this.#headBytes += line.length + 2;
    if (this.#headBytes > MAX_HEAD) this.#fail(`a head of at most ${MAX_HEAD} bytes`, "more");
    else if (this.#phase === "line") this.#requestLine();
    else if (this.#phase === "chunk-size") this.#chunkSize();
    else if (this.#phase === "trailers") return line.length === 0;
    else if (line.length === 0) return this.#endOfHead();
    else this.#header();
    return false;
  }

  #requestLine(): void {
    const line = this.#line;
    const found = REQUEST_LINE.exec(Buffer.from(line.bytes.subarray(0, line.length)).toString("latin1"));
    if (found === null) {
      this.#fail("a request line", line.shown(0, SHOWN));
      return;
    }
    this.method = found[1] as string;
    this.#left = 0;
    this.#chunked = false;
    this.#phase = "headers";
  }

  #header(): void {
    const line = this.#line;
    if (line.bytes[0] === 0x20 || line.bytes[0] === 0x09) return; // folded, RFC 9112 section 5.2
    if (hasName(line, "content-length")) {
      this.#left = contentLength(line);
      if (this.#left < 0) this.#fail("a Content-Length", line.shown(0, SHOWN));
    } else if (hasName(line, "transfer-encoding")) this.#chunked = endsInToken(line, "chunked");
    else if (hasName(line, "upgrade")) this.wantsH2c ||= hasToken(line, "h2c");
    else if (!isHeader(line)) this.#fail("a header line", line.shown(0, SHOWN));
  }

  #endOfHead(): boolean {
    this.#headBytes = 0;
    if (this.#chunked) this.#phase = "chunk-size";
    else if (this.#left > 0) this.#phase = "body";
    return this.#phase === "headers";
  }

  #chunkSize(): void {
    const size = chunkSize(this.#line);
    this.#headBytes = 0;
    if (size < 0) {
      this.#fail("a chunk size", this.#line.shown(0, SHOWN));
      return;
    }
    this.#phase = size === 0 ? "trailers" : "chunk";
    this.#chunk.begin(size);
  }

  #complete(end: number): Http1Request {
    this.#phase = "line";
    this.begun = false;
    this.#headBytes = 0;
    return { state: "complete", end };
  }

  #fail(expected: string, got: string): Malformed {
    this.#malformed = malformed(expected, got);
    return this.#malformed;
  }
}

/** Empty lines may come before a request (RFC 9112 section 2.2). */
function pastEmptyLines(chunk: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (chunk[at] === 0x0d || chunk[at] === 0x0a)) at++;
  return at;
}
