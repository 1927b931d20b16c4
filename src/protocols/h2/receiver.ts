/** What each frame of the peer means to an endpoint (RFC 9113 sections 5.1 and 6). */

import type { HpackDecoder } from "../hpack/decoder.js";
import type { HpackEncoder } from "../hpack/encoder.js";
import { fieldValue, type HeaderField } from "../hpack/field.js";
import type { Emit, HeadersKind } from "./events.js";
import { connectionFault, type H2Fault, streamFault } from "./fault.js";
import { readGoaway, readHeaders, readSettings, uint31, uint32 } from "./frame-payloads.js";
import type { FrameSink } from "./frame-reader.js";
import type { FrameHead } from "./frame-rules.js";
import { HeaderAssembler } from "./header-assembler.js";
import { malformedFields } from "./message-rules.js";
import { errorName, FLAG, FRAME, frameName, MAX_WINDOW_BYTES } from "./names.js";
import type { ConnectionOptions, Limits } from "./options.js";
import type { Outbox } from "./outbox.js";
import type { ReceiveWindows } from "./receive-windows.js";
import type { DataSender } from "./sender.js";
import type { SettingsExchange } from "./settings-exchange.js";
import type { H2Stream } from "./stream.js";

/** What a receiver needs of its connection. */
export interface ReceiverHost {
  readonly emit: Emit;
  readonly limits: Limits;
  readonly options: ConnectionOptions;
  readonly outbox: Outbox;
  readonly exchange: SettingsExchange;
  readonly windows: ReceiveWindows;
  readonly sender: DataSender;
  readonly encoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  readonly streams: Map<number, H2Stream>;
  readonly headersReceived: { wireBytes: number; plainBytes: number; blocks: number };
  readonly nowNs: number;
  maxReceiveFrameBytes: number;
  goawayReceived: boolean;
  isIdle(id: number): boolean;
  unknownStream(id: number): H2Stream | H2Fault | undefined;
  unprocessedAfter(lastStreamId: number): H2Stream[];
  pushed(promisedId: number): H2Fault | undefined;
  closedStream(id: number, type: number): H2Fault | undefined;
  ignore(streamId: number): void;
  judge(fault: H2Fault): H2Fault | undefined;
  peerEnd(stream: H2Stream): void;
  close(stream: H2Stream): void;
  streamClosed(): void;
  writePing(payload: Uint8Array, ack: boolean): void;
  pong(payload: Uint8Array): void;
}

export class Receiver implements FrameSink {
  readonly #connection: ReceiverHost;
  readonly #assembler: HeaderAssembler;
  /** The stream that the DATA frame at hand belongs to; undefined: it is passed over. */
  #dataStream: H2Stream | undefined;
  #settingsSeen = false;
  /** Frames so far, by type. */
  readonly received = new Float64Array(256);

  constructor(connection: ReceiverHost) {
    this.#connection = connection;
    this.#assembler = new HeaderAssembler(connection.limits);
  }

  onFrame(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const fault = this.#before(head);
    if (fault !== undefined) return fault;
    switch (head.type) {
      case FRAME.HEADERS:
      case FRAME.PUSH_PROMISE:
        return this.#onHeaders(head, bytes, start, end);
      case FRAME.CONTINUATION:
        return this.#assembler.continue(head, bytes, start, end) ?? this.#onBlock();
      case FRAME.SETTINGS:
        return (head.flags & FLAG.ACK) !== 0 ? this.#onSettingsAck() : this.#onSettings(bytes, start, end);
      case FRAME.RST_STREAM:
        return this.#onReset(head, uint32(bytes, start));
      case FRAME.WINDOW_UPDATE:
        return this.#onWindowUpdate(head, uint31(bytes, start));
      case FRAME.PING:
        return this.#onPing(head, new Uint8Array(bytes.subarray(start, end)));
      case FRAME.GOAWAY:
        return this.#onGoaway(bytes, start, end);
      default:
        return this.#onOther(head, bytes, start, end);
    }
  }

  onDataBegin(head: FrameHead): H2Fault | undefined {
    this.#dataStream = undefined;
    const fault = this.#before(head);
    if (fault !== undefined) return fault;
    const id = head.streamId;
    const stream = this.#connection.streams.get(id);
    const wrongWindow = this.#connection.windows.take(stream, id, head.length, this.#connection.nowNs);
    if (wrongWindow !== undefined) return this.#connection.judge(wrongWindow);
    if (stream === undefined) return this.#connection.closedStream(id, head.type);
    if (!stream.canReceive)
      return this.#connection.judge(streamFault("STREAM_CLOSED", id, `DATA frame on stream ${id} behind its end`));
    if (!stream.headersSeen)
      return this.#connection.judge(streamFault("PROTOCOL_ERROR", id, `DATA frame on stream ${id} before its HEADERS`));
    this.#dataStream = stream;
    return undefined;
  }

  onDataPiece(_head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const stream = this.#dataStream;
    if (stream === undefined || stream.state === "closed") return undefined;
    stream.receivedBytes += end - start;
    this.#connection.emit({ type: "data", atNs: this.#connection.nowNs, stream, bytes, start, end });
    return undefined;
  }

  onDataEnd(head: FrameHead): H2Fault | undefined {
    const stream = this.#dataStream?.state === "closed" ? undefined : this.#dataStream;
    const ends = (head.flags & FLAG.END_STREAM) !== 0;
    // Window before the end: what the owner asks for next then travels behind it.
    this.#connection.windows.giveBack(ends ? undefined : stream, this.#connection.nowNs);
    if (stream !== undefined && ends) this.#connection.peerEnd(stream);
    return undefined;
  }

  onStreamFault(fault: H2Fault): H2Fault | undefined {
    return this.#connection.judge(fault);
  }

  #before(head: FrameHead): H2Fault | undefined {
    this.received[head.type]!++;
    if (!this.#settingsSeen) {
      if (head.type !== FRAME.SETTINGS || (head.flags & FLAG.ACK) !== 0) {
        return connectionFault("PROTOCOL_ERROR", `${frameName(head.type)} frame first; it must be SETTINGS`);
      }
      this.#settingsSeen = true;
    }
    return this.#assembler.interrupted(head);
  }

  #onHeaders(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const payload = readHeaders(head, bytes, start, end);
    if ("code" in payload) return payload;
    return this.#assembler.begin(head, payload, bytes) ?? this.#onBlock();
  }

  /** Every block is decoded, also of streams that are gone: the table is one for all. */
  #onBlock(): H2Fault | undefined {
    const assembler = this.#assembler;
    if (!assembler.whole) return undefined;
    const connection = this.#connection;
    const id = assembler.streamId;
    const block = connection.decoder.decode(assembler.bytes, assembler.start, assembler.end);
    if (!block.ok) return connectionFault("COMPRESSION_ERROR", block.reason, id);
    connection.headersReceived.wireBytes += block.wireBytes;
    connection.headersReceived.plainBytes += block.plainBytes;
    connection.headersReceived.blocks++;
    if (assembler.type === FRAME.PUSH_PROMISE) return connection.pushed(assembler.promisedId);
    const stream = connection.streams.get(id) ?? connection.unknownStream(id);
    if (stream === undefined) return undefined;
    if ("scope" in stream) return connection.judge(stream);
    if (!stream.canReceive)
      return connection.judge(streamFault("STREAM_CLOSED", id, `HEADERS frame on stream ${id} behind its end`));
    if (block.truncated) {
      const reason = `header list of ${block.listBytes} bytes; ${connection.limits.maxHeaderListBytes} are allowed`;
      return connection.judge(streamFault("ENHANCE_YOUR_CALM", id, reason));
    }
    return this.#onMessage(stream, block.fields, block, assembler.endStream);
  }

  #onMessage(
    stream: H2Stream,
    fields: readonly HeaderField[],
    block: { readonly wireBytes: number; readonly plainBytes: number },
    endStream: boolean,
  ): H2Fault | undefined {
    const connection = this.#connection;
    const kind = this.#kindOf(stream, fields);
    const wrong = malformedFields(fields, kind) ?? misplaced(kind, endStream);
    if (wrong !== undefined) return connection.judge(streamFault("PROTOCOL_ERROR", stream.id, wrong));
    if (kind === "informational" && ++stream.informational > connection.limits.maxInformational) {
      const reason = `more than ${connection.limits.maxInformational} informational responses`;
      return connection.judge(streamFault("ENHANCE_YOUR_CALM", stream.id, reason));
    }
    if (kind !== "informational") stream.headersSeen = true;
    const { wireBytes, plainBytes } = block;
    connection.emit({
      type: "headers",
      atNs: connection.nowNs,
      stream,
      kind,
      fields,
      wireBytes,
      plainBytes,
      endStream,
    });
    // The owner may have reset it just now.
    if (endStream && stream.canReceive) connection.peerEnd(stream);
    return undefined;
  }

  #kindOf(stream: H2Stream, fields: readonly HeaderField[]): HeadersKind {
    if (stream.headersSeen) return "trailers";
    if (stream.isRequestOfPeer) return "request";
    const status = fieldValue(fields, ":status");
    return status !== undefined && /^1[0-9][0-9]$/.test(status) ? "informational" : "response";
  }

  #onSettings(bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const connection = this.#connection;
    const first = connection.exchange.peerFirstNs < 0;
    const windowBefore = connection.exchange.peer.initialWindowBytes;
    const entries = readSettings(bytes, start, end);
    const settings = connection.exchange.receive(entries, connection.nowNs);
    if ("code" in settings) return settings;
    const moved = settings.initialWindowBytes - windowBefore;
    for (const stream of connection.streams.values()) {
      stream.sendWindow += moved;
      if (stream.sendWindow > MAX_WINDOW_BYTES) {
        return connectionFault(
          "FLOW_CONTROL_ERROR",
          `setting INITIAL_WINDOW_SIZE takes the window of stream ${stream.id} above 2^31 - 1`,
        );
      }
    }
    connection.sender.maxFrameBytes = settings.maxFrameBytes;
    connection.encoder.setMaxTableBytes(settings.headerTableBytes);
    if (connection.options.ackSettings !== "manual") connection.exchange.acknowledge(connection.nowNs);
    connection.emit({ type: "settings", atNs: connection.nowNs, first, entries, settings });
    connection.streamClosed();
    return undefined;
  }

  #onSettingsAck(): H2Fault | undefined {
    const connection = this.#connection;
    const acked = connection.exchange.acked(connection.nowNs);
    if ("code" in acked) return acked;
    const { settings, sentNs } = acked;
    connection.windows.setInitial(settings.initialWindowBytes, connection.streams.values(), connection.nowNs);
    connection.decoder.setMaxTableBytes(settings.headerTableBytes);
    connection.maxReceiveFrameBytes = settings.maxFrameBytes;
    connection.emit({ type: "settings-acked", atNs: connection.nowNs, rttNs: connection.nowNs - sentNs, settings });
    return undefined;
  }

  #onReset({ streamId, type }: FrameHead, code: number): H2Fault | undefined {
    const connection = this.#connection;
    const stream = connection.streams.get(streamId);
    if (stream === undefined && connection.isIdle(streamId)) return connection.closedStream(streamId, type);
    // What still comes is the stream's fault alone (RFC 9113 section 5.1): gRPC's C-core sends its trailers and RST_STREAM twice at a deadline.
    connection.ignore(streamId);
    if (stream === undefined) return undefined;
    connection.close(stream);
    connection.emit({ type: "reset", atNs: connection.nowNs, stream, by: "peer", code, codeName: errorName(code) });
    connection.streamClosed();
    return undefined;
  }

  #onWindowUpdate({ streamId, type }: FrameHead, increment: number): H2Fault | undefined {
    const connection = this.#connection;
    const stream = connection.streams.get(streamId);
    if (streamId > 0 && stream === undefined) {
      return connection.isIdle(streamId) ? connection.closedStream(streamId, type) : undefined;
    }
    const fault = connection.sender.addWindow(stream, increment);
    if (fault !== undefined) return connection.judge(fault);
    connection.emit({ type: "window-update", atNs: connection.nowNs, by: "peer", stream, increment });
    return undefined;
  }

  #onPing(head: FrameHead, payload: Uint8Array): undefined {
    const connection = this.#connection;
    if ((head.flags & FLAG.ACK) !== 0) {
      connection.pong(payload);
      return;
    }
    if (connection.options.ackPings !== false) {
      connection.writePing(payload, true);
      connection.outbox.replies++;
    }
    connection.emit({ type: "ping", atNs: connection.nowNs, payload });
  }

  #onGoaway(bytes: Uint8Array, start: number, end: number): undefined {
    const connection = this.#connection;
    const goaway = readGoaway(bytes, start, end);
    connection.goawayReceived = true;
    const unprocessed = connection.unprocessedAfter(goaway.lastStreamId);
    for (const stream of unprocessed) connection.close(stream);
    connection.emit({ type: "goaway", atNs: connection.nowNs, ...goaway, unprocessed });
  }

  #onOther(head: FrameHead, bytes: Uint8Array, start: number, end: number): undefined {
    const { type: frameType, streamId } = head;
    this.#connection.emit({
      type: "other-frame",
      atNs: this.#connection.nowNs,
      frameType,
      streamId,
      bytes,
      start,
      end,
    });
  }
}

function misplaced(kind: HeadersKind, endStream: boolean): string | undefined {
  if (kind === "trailers" && !endStream) return "header block in the middle of a message";
  return kind === "informational" && endStream ? "informational response that ends the stream" : undefined;
}
