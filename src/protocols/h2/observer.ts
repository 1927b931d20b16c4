/**
 * Reads one direction of an HTTP/2 connection from outside, as a capture shows it: perhaps from the middle, perhaps with bytes
 * missing. It judges nobody: what cannot be known is reported as unknown, and after nonsense it looks for the next frame.
 */
import { HpackDecoder } from "../hpack/decoder.js";
import { type HeaderField, UNKNOWN } from "../hpack/field.js";
import type { HeadersKind } from "./events.js";
import type { H2Fault } from "./fault.js";
import { readGoaway, readHeaders, readSettings, uint31, uint32 } from "./frame-payloads.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import type { FrameHead } from "./frame-rules.js";
import { HeaderAssembler } from "./header-assembler.js";
import { errorName, FLAG, FRAME, MAX_MAX_FRAME_BYTES, PREFACE } from "./names.js";
import type { Observed } from "./observed.js";
import { FrameSearch } from "./resync.js";

export interface ObserverOptions {
  readonly emit: (event: Observed) => void;
  /**
   * The bytes begin with the connection (behind an upgrade: with HTTP/2 itself), so the header table is known. A client's
   * preface says so by itself.
   */
  readonly fromStart: boolean;
  /** How often frames may be lost before the observer gives up. Default 20. */
  readonly maxLosses?: number;
  /** How many bytes are searched for a frame before the observer gives up. Default 1 MiB. */
  readonly maxSearchBytes?: number;
}

/** Whoever captured does not know what was allowed; the sizes are bounded, but nothing is refused that a peer might accept. */
const ANY_TABLE_BYTES = 16 * 1024 * 1024;

export class H2Observer implements FrameSink {
  readonly #emit: (event: Observed) => void;
  readonly #maxLosses: number;
  readonly #maxSearchBytes: number;
  #decoder: HpackDecoder;
  readonly #assembler = new HeaderAssembler({ maxBlockBytes: 1024 * 1024, maxContinuations: 1000 });
  #reader: FrameReader;
  /** Stream offset of the reader's first byte. */
  #base = 0;
  #search: FrameSearch | undefined;
  /** Bytes of the preface so far; -1: past it. */
  #preface = 0;
  #losses = 0;
  #gaveUp = false;
  /** Bytes taken so far. */
  #offset = 0;
  #nowNs = 0;
  #beganNs = 0;
  #beganOffset = 0;
  #pieceOffset = 0;
  /** What a frame's first byte began with: a frame that ends in this chunk may have begun in an earlier one. */
  #frameBeganNs = 0;

  constructor(options: ObserverOptions) {
    this.#emit = options.emit;
    this.#maxLosses = options.maxLosses ?? 20;
    this.#maxSearchBytes = options.maxSearchBytes ?? 1024 * 1024;
    this.#decoder = decoder(options.fromStart);
    this.#reader = this.#newReader();
    if (!options.fromStart) this.#search = new FrameSearch();
  }

  /** Frames are being read: not searching, not given up. */
  get synchronised(): boolean {
    return this.#search === undefined && !this.#gaveUp;
  }

  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Takes the bytes `chunk[start, end)`, which came at `nowNs`. */
  push(chunk: Uint8Array, start: number, end: number, nowNs: number): void {
    this.#nowNs = nowNs;
    const at = this.#preface >= 0 ? this.#takePreface(chunk, start, end) : start;
    if (at < end) this.#take(chunk, at, end);
  }

  /** `bytes` of the stream are missing here (a segment that the capture has not). Inside a large DATA frame that costs nothing. */
  gap(bytes: number, nowNs: number): void {
    this.#nowNs = nowNs;
    this.#offset += bytes + Math.max(0, this.#preface);
    this.#preface = -1;
    if (this.synchronised && this.#reader.skipData(bytes)) return;
    this.#lose(`${bytes} bytes are missing`);
  }

  #takePreface(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#preface < PREFACE.length && chunk[at] === PREFACE.charCodeAt(this.#preface)) {
      at++;
      this.#preface++;
    }
    if (this.#preface === PREFACE.length) {
      this.#preface = -1;
      this.#offset = PREFACE.length;
      this.#begin(true);
      this.#emit({ type: "preface", atNs: this.#nowNs, offset: 0, endOffset: PREFACE.length });
      return at;
    }
    if (at === end) return at;
    // Not the preface: what looked like its beginning is read again as whatever it is.
    const seen = this.#preface - (at - start);
    this.#preface = -1;
    if (seen > 0) this.#take(Buffer.from(PREFACE.slice(0, seen), "latin1"), 0, seen);
    return start;
  }

  #take(chunk: Uint8Array, start: number, end: number): void {
    this.#offset += end - start;
    if (this.#gaveUp) return;
    if (this.#search === undefined) this.#read(chunk, start, end);
    else this.#seek(this.#search, chunk, start, end);
  }

  #seek(search: FrameSearch, chunk: Uint8Array, start: number, end: number): void {
    const found = search.push(chunk, start, end);
    if (found === undefined) {
      if (search.skipped > this.#maxSearchBytes) this.#giveUp(`no frame found in ${search.skipped} bytes`);
      return;
    }
    this.#search = undefined;
    this.#base = this.#offset - found.length;
    this.#reader = this.#newReader();
    this.#assembler.reset();
    this.#emit({ type: "synchronised", ...this.#place(this.#base, this.#base), skippedBytes: search.skipped });
    this.#read(found, 0, found.length);
  }

  #read(chunk: Uint8Array, start: number, end: number): void {
    if (this.#reader.atBoundary) this.#frameBeganNs = this.#nowNs;
    const fault = this.#reader.push(chunk, start, end);
    if (fault === undefined) return;
    this.#lose(fault.reason);
    // Frames may go on behind the one that was wrong.
    const rest = start + (this.#reader.offset + this.#base - (this.#offset - (end - start)));
    if (this.#search !== undefined && rest < end && rest > start) this.#seek(this.#search, chunk, rest, end);
  }

  #lose(reason: string): void {
    if (this.#gaveUp) return;
    if (++this.#losses > this.#maxLosses) {
      this.#giveUp(`${reason}; frames were lost ${this.#losses} times`);
      return;
    }
    this.#emit({ type: "lost", ...this.#place(this.#offset, this.#offset), reason, final: false });
    this.#decoder = decoder(false);
    this.#search = new FrameSearch();
  }

  #giveUp(reason: string): void {
    this.#gaveUp = true;
    this.#emit({ type: "lost", ...this.#place(this.#offset, this.#offset), reason, final: true });
  }

  #begin(tableKnown: boolean): void {
    this.#base = this.#offset;
    this.#search = undefined;
    this.#reader = this.#newReader();
    this.#decoder = decoder(tableKnown);
  }

  #newReader(): FrameReader {
    return new FrameReader(this, MAX_MAX_FRAME_BYTES);
  }

  #place(offset: number, endOffset: number): { atNs: number; offset: number; endOffset: number } {
    return { atNs: this.#nowNs, offset, endOffset };
  }

  #placeOf(head: FrameHead): { atNs: number; offset: number; endOffset: number } {
    const offset = this.#base + head.offset;
    return this.#place(offset, offset + 9 + head.length);
  }

  // The frames, as the reader hands them over.

  onFrame(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const fault = this.#assembler.interrupted(head);
    const beganNs = this.#frameBeganNs;
    this.#frameBeganNs = this.#nowNs;
    if (fault !== undefined) return fault;
    if (head.type === FRAME.HEADERS || head.type === FRAME.PUSH_PROMISE) {
      this.#beganNs = beganNs;
      this.#beganOffset = this.#base + head.offset;
      const payload = readHeaders(head, bytes, start, end);
      if ("code" in payload) return payload;
      return this.#assembler.begin(head, payload, bytes) ?? this.#block(head);
    }
    if (head.type === FRAME.CONTINUATION) return this.#assembler.continue(head, bytes, start, end) ?? this.#block(head);
    this.#emit(this.#plain(head, bytes, start, end));
    return undefined;
  }

  onDataBegin(head: FrameHead): H2Fault | undefined {
    this.#pieceOffset = this.#base + head.offset + ((head.flags & FLAG.PADDED) !== 0 ? 10 : 9);
    return this.#assembler.interrupted(head);
  }

  onDataPiece(head: FrameHead, _bytes: Uint8Array, start: number, end: number): undefined {
    this.#pieceOffset += end - start;
    const place = this.#place(this.#base + head.offset, this.#pieceOffset);
    this.#emit({ type: "data", ...place, streamId: head.streamId, bytes: end - start });
  }

  onDataEnd(head: FrameHead): undefined {
    this.#frameBeganNs = this.#nowNs;
    if ((head.flags & FLAG.END_STREAM) !== 0)
      this.#emit({ type: "end", ...this.#placeOf(head), streamId: head.streamId });
  }

  onStreamFault(): undefined {}

  #plain(head: FrameHead, bytes: Uint8Array, start: number, end: number): Observed {
    const { streamId } = head;
    const place = this.#placeOf(head);
    const ack = (head.flags & FLAG.ACK) !== 0;
    switch (head.type) {
      case FRAME.SETTINGS:
        return ack
          ? { type: "settings-ack", ...place }
          : { type: "settings", ...place, entries: readSettings(bytes, start, end) };
      case FRAME.RST_STREAM: {
        const code = uint32(bytes, start);
        return { type: "reset", ...place, streamId, code, codeName: errorName(code) };
      }
      case FRAME.WINDOW_UPDATE:
        return { type: "window-update", ...place, streamId, increment: uint31(bytes, start) };
      case FRAME.PING:
        return { type: "ping", ...place, ack, payload: Buffer.from(bytes.subarray(start, end)).toString("hex") };
      case FRAME.GOAWAY:
        return { type: "goaway", ...place, ...readGoaway(bytes, start, end) };
      default:
        return { type: "other-frame", ...place, streamId, frameType: head.type, length: head.length };
    }
  }

  #block(head: FrameHead): undefined {
    const { whole, bytes, start, end, streamId, promisedId, endStream, type } = this.#assembler;
    if (!whole) return;
    const block = this.#decoder.decode(bytes, start, end);
    const place = { ...this.#placeOf(head), offset: this.#beganOffset };
    if (!block.ok) {
      // The frames themselves are in order; only the table is not, and it can be learnt anew.
      this.#decoder = decoder(false);
      this.#losses++;
      this.#emit({ type: "lost", ...place, reason: block.reason, final: false });
    }
    const fields = block.ok ? block.fields : [];
    this.#emit({
      type: "headers",
      ...place,
      streamId,
      kind: type === FRAME.PUSH_PROMISE ? "promise" : block.ok ? kindOf(fields) : "unknown",
      fields,
      beganNs: this.#beganNs,
      wireBytes: end - start,
      plainBytes: block.ok ? block.plainBytes : 0,
      complete: block.ok && !block.truncated && fields.every(({ unknown }) => unknown === undefined),
      endStream,
      promisedId,
    });
    if (endStream) this.#emit({ type: "end", ...place, streamId });
  }
}

function decoder(tableKnown: boolean): HpackDecoder {
  return tableKnown ? new HpackDecoder({ maxTableBytes: ANY_TABLE_BYTES }) : new HpackDecoder({ unknownTable: true });
}

function kindOf(fields: readonly HeaderField[]): HeadersKind | "unknown" {
  let unknown = false;
  for (const { name, value } of fields) {
    if (name === ":status") return value.length === 3 && value.startsWith("1") ? "informational" : "response";
    if (name.startsWith(":")) return "request";
    unknown ||= name === UNKNOWN;
  }
  return unknown ? "unknown" : "trailers";
}
