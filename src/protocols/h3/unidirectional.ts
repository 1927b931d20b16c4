/** Unidirectional streams of one end: what each is for, and what the control stream says (RFC 9114 section 6.2). */
import { type InstructionEvent, InstructionReader } from "../qpack/instructions.js";
import { ByteReader } from "../quic/byte-reader.js";
import { connectionFault, type H3Fault } from "./fault.js";
import { FrameReader } from "./frame-reader.js";
import { FRAME, h3FrameName, STREAM_TYPE } from "./names.js";
import { type H3SettingEntry, type H3Settings, parseSettings } from "./settings.js";

export interface UnidirectionalSink {
  onSettings(settings: H3Settings, entries: readonly H3SettingEntry[]): void;
  /** @param id of the server: requests with this stream ID and above are not processed; of the client: a push ID */
  onGoaway(id: number): void;
  /** An instruction on a QPACK stream. */
  onInstruction(stream: "encoder" | "decoder", instruction: InstructionEvent): void;
}

/** What a stream is for: `unknown` is passed over, as reserved types are sent for (section 6.2.3). */
export type UnidirectionalType = "control" | "push" | "qpack-encoder" | "qpack-decoder" | "unknown";

const TYPES: ReadonlyMap<number, UnidirectionalType> = new Map([
  [STREAM_TYPE.control, "control"],
  [STREAM_TYPE.push, "push"],
  [STREAM_TYPE.qpackEncoder, "qpack-encoder"],
  [STREAM_TYPE.qpackDecoder, "qpack-decoder"],
]);
const MAX_CONTROL_FRAME_BYTES = 16 * 1024;

/** All unidirectional streams that one end opens: it may have one of each critical type. */
export class UnidirectionalStreams {
  readonly #sink: UnidirectionalSink;
  readonly #from: "client" | "server";
  readonly #seen = new Set<UnidirectionalType>();
  readonly #open = new Map<number, StreamReader>();
  #lastGoaway = Number.POSITIVE_INFINITY;

  constructor(from: "client" | "server", sink: UnidirectionalSink) {
    this.#from = from;
    this.#sink = sink;
  }

  /** Takes the next bytes of a stream. @returns a connection error */
  push(streamId: number, bytes: Uint8Array): H3Fault | undefined {
    let stream = this.#open.get(streamId);
    if (stream === undefined) {
      stream = new StreamReader((type) => this.#begin(type));
      this.#open.set(streamId, stream);
    }
    return stream.push(bytes);
  }

  /** The stream has ended, or was reset. */
  end(streamId: number): H3Fault | undefined {
    const type = this.#open.get(streamId)?.type;
    this.#open.delete(streamId);
    if (type === undefined || type === "push" || type === "unknown") return undefined;
    return connectionFault("H3_CLOSED_CRITICAL_STREAM", `the ${type} stream was closed`);
  }

  /** @returns what reads the stream, or why it may not be */
  #begin(type: UnidirectionalType): Reader | H3Fault {
    if (type === "unknown") return { push: () => undefined };
    if (type === "push") {
      return this.#from === "client"
        ? connectionFault("H3_STREAM_CREATION_ERROR", "a push stream of the client")
        : connectionFault("H3_ID_ERROR", "a push stream, although no push was allowed");
    }
    if (this.#seen.has(type)) return connectionFault("H3_STREAM_CREATION_ERROR", `a second ${type} stream`);
    this.#seen.add(type);
    return type === "control" ? this.#control() : this.#instructions(type === "qpack-encoder" ? "encoder" : "decoder");
  }

  #control(): Reader {
    let settled = false;
    return new FrameReader(
      {
        onFrameBegin: (type) => {
          const wrong = controlRule(type, settled);
          settled = true;
          return wrong;
        },
        onFrame: (type, payload) => this.#controlFrame(type, payload),
        onData: () => undefined,
      },
      MAX_CONTROL_FRAME_BYTES,
    );
  }

  #controlFrame(type: number, payload: Uint8Array): H3Fault | undefined {
    if (type === FRAME.SETTINGS) {
      const parsed = parseSettings(payload);
      if ("code" in parsed) return parsed;
      this.#sink.onSettings(parsed.settings, parsed.entries);
      return undefined;
    }
    const reader = new ByteReader(payload);
    const id = reader.varint();
    if (reader.broken || reader.left > 0) {
      return connectionFault(
        "H3_FRAME_ERROR",
        `${h3FrameName(type)} of ${payload.length} bytes that is not one integer`,
      );
    }
    if (type !== FRAME.GOAWAY) return undefined;
    if (id > this.#lastGoaway) return connectionFault("H3_ID_ERROR", `GOAWAY ${id} behind GOAWAY ${this.#lastGoaway}`);
    if (this.#from === "server" && id % 4 !== 0) {
      return connectionFault("H3_ID_ERROR", `GOAWAY ${id}, which is no request stream`);
    }
    this.#lastGoaway = id;
    this.#sink.onGoaway(id);
    return undefined;
  }

  #instructions(kind: "encoder" | "decoder"): Reader {
    let fault: H3Fault | undefined;
    const code = kind === "encoder" ? "QPACK_ENCODER_STREAM_ERROR" : "QPACK_DECODER_STREAM_ERROR";
    const reader = new InstructionReader(kind, (event) => {
      this.#sink.onInstruction(kind, event);
      if (event.name === "fault") fault = connectionFault(code, `QPACK ${kind} stream: ${event.reason}`);
    });
    return {
      push(bytes) {
        reader.push(bytes);
        return fault;
      },
    };
  }
}

function controlRule(type: number, settled: boolean): H3Fault | undefined {
  if (!settled) {
    return type === FRAME.SETTINGS
      ? undefined
      : connectionFault("H3_MISSING_SETTINGS", `${h3FrameName(type)} ahead of SETTINGS on the control stream`);
  }
  const isWrong =
    type === FRAME.SETTINGS || type === FRAME.DATA || type === FRAME.HEADERS || type === FRAME.PUSH_PROMISE;
  const what = type === FRAME.SETTINGS ? "a second SETTINGS" : h3FrameName(type);
  return isWrong ? connectionFault("H3_FRAME_UNEXPECTED", `${what} on the control stream`) : undefined;
}

interface Reader {
  push(bytes: Uint8Array): H3Fault | undefined;
}

/** A stream from its first byte on: its type is a variable-length integer. */
class StreamReader {
  readonly #begin: (type: UnidirectionalType) => Reader | H3Fault;
  readonly #head: number[] = [];
  #reader: Reader | undefined;
  #fault: H3Fault | undefined;
  type: UnidirectionalType | undefined;

  constructor(begin: (type: UnidirectionalType) => Reader | H3Fault) {
    this.#begin = begin;
  }

  push(bytes: Uint8Array): H3Fault | undefined {
    let at = 0;
    for (; at < bytes.length && this.#reader === undefined && this.#fault === undefined; at++)
      this.#typeByte(bytes[at]!);
    if (at < bytes.length) this.#fault ??= this.#reader?.push(bytes.subarray(at));
    return this.#fault;
  }

  #typeByte(byte: number): void {
    this.#head.push(byte);
    const reader = new ByteReader(Uint8Array.from(this.#head));
    const number = reader.varint();
    if (reader.broken) return;
    this.type = TYPES.get(number) ?? "unknown";
    const begun = this.#begin(this.type);
    if ("code" in begun) this.#fault = begun;
    else this.#reader = begun;
  }
}
