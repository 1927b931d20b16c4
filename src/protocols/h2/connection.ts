/**
 * One end of an HTTP/2 connection without socket and clock (RFC 9113): bytes and times in, events and bytes out.
 * What both ends share; `H2Client` and `H2Server` add who opens streams.
 *
 * The owner gives `receive` what came from the socket, writes what `takeOutput` returns, and calls it after everything it does
 * here. Times are integer nanoseconds of one clock.
 */
import { ByteSink } from "../hpack/byte-sink.js";
import { HpackDecoder } from "../hpack/decoder.js";
import { HpackEncoder } from "../hpack/encoder.js";
import type { Emit } from "./events.js";
import { connectionFault, type H2Fault } from "./fault.js";
import { FrameReader } from "./frame-reader.js";
import {
  type HeadersOptions,
  writeFrame,
  writeGoaway,
  writeHeaders,
  writePing,
  writeRstStream,
} from "./frame-writer.js";
import { DEFAULT_WINDOW_BYTES, ERROR, type ErrorName, frameName } from "./names.js";
import { type ConnectionOptions, DEFAULT_LIMITS, type Headers, type Limits } from "./options.js";
import { Outbox, type Output } from "./outbox.js";
import { ReceiveWindows } from "./receive-windows.js";
import { Receiver, type ReceiverHost } from "./receiver.js";
import { DataSender } from "./sender.js";
import type { Settings } from "./settings.js";
import { SettingsExchange } from "./settings-exchange.js";
import type { H2Stream } from "./stream.js";

/** Ids of streams that we reset, on which frames may still be under way; older ones are forgotten. */
const MAX_RESET_IDS = 1000;

export abstract class H2Connection implements ReceiverHost {
  readonly emit: Emit;
  readonly limits: Limits;
  readonly options: ConnectionOptions;
  readonly outbox = new Outbox();
  readonly exchange: SettingsExchange;
  readonly windows: ReceiveWindows;
  readonly sender: DataSender;
  readonly encoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  /** Streams that are open or half closed, by id. */
  readonly streams = new Map<number, H2Stream>();
  readonly #reader: FrameReader;
  readonly #receiver: Receiver;
  readonly #resetIds = new Set<number>();
  readonly #pings = new Map<number, number>();
  #nextToken = 1;
  readonly #scratch = new ByteSink();
  /** The time of the call that is running. */
  nowNs = 0;
  /** What ended the connection from our side. */
  fault: H2Fault | undefined;
  goawaySent = false;
  goawayReceived = false;
  /** All header blocks received: as they came, and their names and values without compression, in bytes. */
  readonly headersReceived = { wireBytes: 0, plainBytes: 0, blocks: 0 };
  /** The same, sent. */
  readonly headersSent = { wireBytes: 0, plainBytes: 0, blocks: 0 };

  protected constructor(options: ConnectionOptions) {
    this.options = options;
    this.emit = options.emit;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.exchange = new SettingsExchange(this.outbox, this.limits.maxSettingsFrames);
    this.windows = new ReceiveWindows(this.outbox, options.emit, options.windowPolicy ?? 0.5);
    this.sender = new DataSender(this.outbox, options.emit, (stream, nowNs) => this.#ownEnd(stream, nowNs));
    this.encoder = new HpackEncoder(options.hpack);
    this.decoder = new HpackDecoder({
      maxListBytes: this.limits.maxHeaderListBytes,
      maxStringBytes: this.limits.maxStringBytes,
    });
    this.#receiver = new Receiver(this);
    this.#reader = new FrameReader(this.#receiver);
  }

  /** The peer's id space: whether that stream was never opened (RFC 9113 section 5.1.1). */
  abstract isIdle(id: number): boolean;
  /** HEADERS for a stream that is not in `streams`. @returns the stream, what is wrong, or undefined to pass over them */
  abstract unknownStream(id: number): H2Stream | H2Fault | undefined;
  abstract pushed(promisedId: number): H2Fault | undefined;
  /** Our requests that a GOAWAY with this last id leaves undone. */
  abstract unprocessedAfter(lastStreamId: number): H2Stream[];
  /** A stream has closed: another may take its place. */
  abstract streamClosed(): void;
  /** The last stream of the peer that we may have acted upon. */
  abstract get lastPeerStreamId(): number;

  /** Queues what is sent first; the client's preface goes before it. */
  protected begin(settings: Partial<Settings>, nowNs: number): void {
    this.nowNs = nowNs;
    this.exchange.send(settings, nowNs);
    this.windows.growConnection(this.options.connectionWindowBytes ?? DEFAULT_WINDOW_BYTES, nowNs);
  }

  /** The peer's settings as they hold now (defaults before its first SETTINGS). */
  get peerSettings(): Settings {
    return this.exchange.peer;
  }

  /** Takes the bytes `chunk[start, end)`. */
  receive(chunk: Uint8Array, start: number, end: number, nowNs: number): void {
    if (this.fault !== undefined) return;
    this.nowNs = nowNs;
    const fault = this.#reader.push(chunk, start, end) ?? this.#tooManyReplies();
    if (fault !== undefined) this.fail(fault);
    this.sender.flush(nowNs);
  }

  /** What is to be written now, in order; undefined: nothing. Large data comes in parts: call it again once written. */
  takeOutput(nowNs: number): Output | undefined {
    this.nowNs = nowNs;
    if (this.fault === undefined) this.sender.flush(nowNs);
    return this.outbox.take();
  }

  /** Writes HEADERS on a stream that is open on our side. */
  sendHeaders(stream: H2Stream, headers: Headers, options: HeadersOptions, nowNs: number): void {
    if (!stream.canSend) return;
    this.writeHeaders(stream, headers, options);
    if (options.endStream === true) this.#ownEnd(stream, nowNs);
  }

  /** `bytes` are not copied before window lets them go: they must not change until then. */
  sendData(stream: H2Stream, bytes: Uint8Array, endStream: boolean, nowNs: number): void {
    if (stream.canSend) this.sender.send(stream, bytes, endStream, nowNs);
  }

  /** Trailers end the stream, behind the data that still waits for window. */
  sendTrailers(stream: H2Stream, fields: Headers, nowNs: number): void {
    this.nowNs = nowNs;
    const send = () => this.sendHeaders(stream, fields, { endStream: true }, this.nowNs);
    if (stream.pending.length > 0) stream.trailers = send;
    else send();
  }

  /** RST_STREAM. A request that is still queued is only forgotten. */
  reset(stream: H2Stream, code: ErrorName, nowNs: number, reason?: string): void {
    if (stream.state === "closed") return;
    if (stream.id > 0) this.writeReset(stream.id, code);
    this.close(stream);
    const event = { type: "reset", atNs: nowNs, stream, by: "us", code: ERROR[code], codeName: code } as const;
    this.emit(reason === undefined ? event : { ...event, reason });
    this.streamClosed();
  }

  /** @returns the token of the `pong` that will answer */
  ping(nowNs: number): number {
    const token = this.#nextToken++;
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(token);
    this.#pings.set(token, nowNs);
    this.writePing(payload, false);
    return token;
  }

  /** @param lastStreamId what is said to have been acted upon; 2^31 - 1 announces a graceful end (section 6.8) */
  goaway(code: ErrorName, debug: string, nowNs: number, lastStreamId: number = this.lastPeerStreamId): void {
    this.nowNs = nowNs;
    this.goawaySent = true;
    const start = this.outbox.begin();
    writeGoaway(this.outbox.sink, lastStreamId, code, Buffer.from(debug, "utf8"));
    this.outbox.end(start);
  }

  /** WINDOW_UPDATE of `increment` bytes, for the policy `manual`. @param stream undefined: the connection's window */
  giveWindow(stream: H2Stream | undefined, increment: number, nowNs: number): void {
    this.windows.give(stream, increment, nowNs);
  }

  /** Further SETTINGS of ours; they hold from their acknowledgement on. */
  changeSettings(settings: Partial<Settings>, nowNs: number): void {
    this.exchange.send(settings, nowNs);
  }

  acknowledgeSettings(nowNs: number): void {
    this.exchange.acknowledge(nowNs);
  }

  /** Any frame as it is, for experiments; nothing here learns from it. */
  sendRaw(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const start = this.outbox.begin();
    writeFrame(this.outbox.sink, type, flags, streamId, payload);
    this.outbox.end(start);
  }

  /** Frames so far by name, such as `{ HEADERS: 1, DATA: 3 }`. */
  get frames(): { readonly sent: Record<string, number>; readonly received: Record<string, number> } {
    return { sent: byName(this.outbox.sent), received: byName(this.#receiver.received) };
  }

  // What follows serves the other files of this folder.

  writeHeaders(stream: H2Stream, headers: Headers, options: HeadersOptions): void {
    const plainBefore = this.encoder.plainBytes;
    this.#scratch.clear();
    let block: Uint8Array;
    if ("block" in headers) {
      block = headers.block;
      this.headersSent.plainBytes += headers.plainBytes;
      // A change of table size that is due stands before any field, also before one that uses no table.
      this.encoder.encodeTo([], this.#scratch);
      if (this.#scratch.length > 0) {
        this.#scratch.append(block);
        block = this.#scratch.copy();
      }
    } else {
      this.encoder.encodeTo(headers, this.#scratch);
      block = this.#scratch.bytes.subarray(0, this.#scratch.length);
      this.headersSent.plainBytes += this.encoder.plainBytes - plainBefore;
    }
    this.headersSent.wireBytes += block.length;
    this.headersSent.blocks++;
    const start = this.outbox.begin();
    writeHeaders(this.outbox.sink, stream.id, block, this.peerSettings.maxFrameBytes, options);
    this.outbox.end(start);
  }

  writeReset(streamId: number, code: ErrorName): void {
    const start = this.outbox.begin();
    writeRstStream(this.outbox.sink, streamId, code);
    this.outbox.end(start);
    this.ignore(streamId);
  }

  writePing(payload: Uint8Array, ack: boolean): void {
    const start = this.outbox.begin();
    writePing(this.outbox.sink, payload, ack);
    this.outbox.end(start);
  }

  pong(payload: Uint8Array): void {
    const token = Buffer.from(payload).readDoubleBE(0);
    const sentNs = this.#pings.get(token);
    if (sentNs === undefined) return;
    this.#pings.delete(token);
    this.emit({ type: "pong", atNs: this.nowNs, token, rttNs: this.nowNs - sentNs });
  }

  get maxReceiveFrameBytes(): number {
    return this.#reader.maxFrameBytes;
  }

  set maxReceiveFrameBytes(bytes: number) {
    this.#reader.maxFrameBytes = bytes;
  }

  /** Frames on this stream mean nothing any more: it was reset, by us or by the peer, or refused. */
  ignore(streamId: number): void {
    this.#resetIds.add(streamId);
    if (this.#resetIds.size > MAX_RESET_IDS) this.#resetIds.delete(this.#resetIds.values().next().value!);
  }

  /** A frame on a stream that is not open: wrong, or only late. */
  closedStream(id: number, type: number): H2Fault | undefined {
    if (this.isIdle(id))
      return connectionFault("PROTOCOL_ERROR", `${frameName(type)} frame on stream ${id}, which nobody opened`, id);
    if (this.#resetIds.has(id)) return undefined;
    return connectionFault("STREAM_CLOSED", `${frameName(type)} frame on stream ${id}, which is closed`, id);
  }

  /** @returns the fault, where it ends the connection; a stream's fault is dealt with here */
  judge(fault: H2Fault): H2Fault | undefined {
    if (fault.scope === "connection") return fault;
    this.emit({ type: "fault", atNs: this.nowNs, fault });
    const stream = this.streams.get(fault.streamId);
    if (stream !== undefined) this.reset(stream, fault.code, this.nowNs, fault.reason);
    else this.writeReset(fault.streamId, fault.code);
    this.outbox.replies++;
    return undefined;
  }

  fail(fault: H2Fault): void {
    this.fault = fault;
    this.goaway(fault.code, fault.reason, this.nowNs);
    this.emit({ type: "fault", atNs: this.nowNs, fault });
  }

  /** The peer has ended its side. */
  peerEnd(stream: H2Stream): void {
    if (stream.state === "open") stream.state = "half-closed-remote";
    else this.close(stream);
    this.emit({ type: "end", atNs: this.nowNs, stream });
    if (stream.state === "closed") this.streamClosed();
  }

  close(stream: H2Stream): void {
    stream.state = "closed";
    this.streams.delete(stream.id);
    this.sender.forget(stream, this.nowNs);
  }

  #ownEnd(stream: H2Stream, nowNs: number): void {
    this.nowNs = nowNs;
    if (stream.state === "open") {
      stream.state = "half-closed-local";
    } else if (stream.state === "half-closed-remote") {
      this.close(stream);
      this.streamClosed();
    }
  }

  #tooManyReplies(): H2Fault | undefined {
    if (this.outbox.replies <= this.limits.maxUnsentReplies) return undefined;
    const reason = `more than ${this.limits.maxUnsentReplies} frames to be answered at once`;
    return connectionFault("ENHANCE_YOUR_CALM", reason);
  }
}

function byName(counts: Float64Array): Record<string, number> {
  const named: Record<string, number> = {};
  counts.forEach((count, type) => {
    if (count > 0) named[frameName(type)] = count;
  });
  return named;
}
