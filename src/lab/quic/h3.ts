/** HTTP/3 (RFC 9114): the pages of the lab's site, whatever the method. QPACK's static table only. */
import type { H3Fault } from "../../protocols/h3/fault.js";
import { controlStreamStart, dataHead, writeGoaway, writeHeaders } from "../../protocols/h3/frame-writer.js";
import { MessageReader } from "../../protocols/h3/message-reader.js";
import { ERROR } from "../../protocols/h3/names.js";
import { UnidirectionalStreams } from "../../protocols/h3/unidirectional.js";
import { fieldValue, type HeaderField } from "../../protocols/hpack/field.js";
import { encodeFields } from "../../protocols/qpack/encoder.js";
import { fillerPieces } from "../filler.js";
import type { Floor } from "../floor.js";
import { pageAt, pageFields } from "../site.js";
import type { ApplicationCodes, QuicDialect, QuicFault, QuicReply, RequestStream } from "./dialect.js";

const MAX_LIST_BYTES = 64 * 1024;
const GREETING = controlStreamStart({ qpackMaxTableCapacityBytes: 0, maxFieldSectionBytes: MAX_LIST_BYTES });
const CODES: ApplicationCodes = {
  noError: ERROR.H3_NO_ERROR,
  internalError: ERROR.H3_INTERNAL_ERROR,
  cancelled: ERROR.H3_REQUEST_CANCELLED,
  rejected: ERROR.H3_REQUEST_REJECTED,
};
/** What a client may say on its unidirectional streams changes nothing here: no dynamic table, no push. */
const PASSED_OVER = { onSettings: () => {}, onGoaway: () => {}, onInstruction: () => {} };

export function h3(floor: Floor): QuicDialect {
  const streams = new UnidirectionalStreams("client", PASSED_OVER);
  return {
    codes: CODES,
    greeting: GREETING,
    farewell: writeGoaway,
    request: () => new H3RequestStream(floor),
    unidirectional(streamId, bytes, ended) {
      const fault = streams.push(streamId, bytes) ?? (ended ? streams.end(streamId) : undefined);
      return fault === undefined ? undefined : quicFault(fault);
    },
  };
}

class H3RequestStream implements RequestStream {
  readonly #floor: Floor;
  readonly #reader: MessageReader;
  #fields: readonly HeaderField[] = [];

  constructor(floor: Floor) {
    this.#floor = floor;
    const sink = {
      onHeaders: (kind: string, fields: readonly HeaderField[]) => {
        if (kind === "request") this.#fields = fields;
      },
      onContent: () => {}, // counted by the reader, and passed over
    };
    this.#reader = new MessageReader("request", sink, { maxListBytes: MAX_LIST_BYTES, maxFrameBytes: MAX_LIST_BYTES });
  }

  push(bytes: Uint8Array): QuicFault | undefined {
    const fault = this.#reader.push(bytes);
    return fault === undefined ? undefined : quicFault(fault);
  }

  end(): QuicReply | QuicFault {
    const fault = this.#reader.end();
    return fault === undefined ? replyTo(this.#fields, this.#floor) : quicFault(fault);
  }
}

function replyTo(fields: readonly HeaderField[], { options, value }: Floor): QuicReply {
  const method = fieldValue(fields, ":method");
  if (method === "CONNECT") return { pieces: () => [headers(NO_PROXY)].values() };
  const page = pageAt(fieldValue(fields, ":path") ?? "/", options, value);
  const { body, fillBytes, thinkNs } = page;
  const head = headers(pageFields(page));
  const contentBytes = body.length + fillBytes;
  if (method === "HEAD" || contentBytes === 0) return { thinkNs, pieces: () => [head].values() };
  return {
    thinkNs,
    *pieces() {
      yield Buffer.concat([head, dataHead(contentBytes), body]);
      yield* fillerPieces(fillBytes);
    },
  };
}

const headers = (fields: readonly HeaderField[]): Uint8Array => writeHeaders(encodeFields(fields));
const NO_PROXY: readonly HeaderField[] = [
  { name: ":status", value: "405" },
  { name: "server", value: "netlat-lab" },
];

const quicFault = ({ scope, code, reason }: H3Fault): QuicFault => ({ scope, code: ERROR[code], reason });
