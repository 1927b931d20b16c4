/** HTTP/3 (RFC 9114) on the streams of a connection; QPACK's dynamic table is refused by SETTINGS (RFC 9204 section 5). */
import { controlStreamStart } from "../../protocols/h3/frame-writer.js";
import { MessageReader } from "../../protocols/h3/message-reader.js";
import { ERROR, h3ErrorName } from "../../protocols/h3/names.js";
import { h3Request } from "../../protocols/h3/request.js";
import { UnidirectionalStreams } from "../../protocols/h3/unidirectional.js";
import type { HeaderField } from "../../protocols/hpack/field.js";
import type { H3Request } from "../../protocols/protocol.js";
import { type Judged, judgeAnswer } from "../http2/h2-answer.js";
import { statusOf } from "../samples.js";
import type { DialectConnection, StreamAnswer, StreamDialect } from "./dialect.js";

/** The first unidirectional stream that a client opens (RFC 9000 section 2.1). */
const CONTROL_STREAM = 2;
/** The two low bits of a stream ID (RFC 9000 section 2.1). HTTP/3 has no use for this kind (RFC 9114 section 6.1). */
const STREAM_KINDS = 4;
const SERVER_BIDIRECTIONAL = 1;

export function h3Dialect(spec: H3Request): StreamDialect {
  const isHead = spec.method === "HEAD";
  return {
    request: h3Request(spec).bytes,
    closeCode: ERROR.H3_NO_ERROR,
    cancelCode: ERROR.H3_REQUEST_CANCELLED,
    rejectedCode: ERROR.H3_REQUEST_REJECTED,
    errorName: h3ErrorName,
    connection: () => new H3Connection(isHead),
  };
}

class H3Connection implements DialectConnection {
  readonly own = [{ streamId: CONTROL_STREAM, bytes: controlStreamStart({ qpackMaxTableCapacityBytes: 0 }) }];
  readonly #isHead: boolean;
  readonly #streams: UnidirectionalStreams;
  #goaway: number | undefined;

  constructor(isHead: boolean) {
    this.#isHead = isHead;
    this.#streams = new UnidirectionalStreams("server", {
      onSettings: () => {},
      onGoaway: (id) => {
        this.#goaway = id;
      },
      onInstruction: () => {},
    });
  }

  answer(): StreamAnswer {
    return new H3Answer(this.#isHead);
  }

  fromServer(streamId: number, bytes: Uint8Array, ended: boolean) {
    if (streamId % STREAM_KINDS === SERVER_BIDIRECTIONAL) {
      return { code: ERROR.H3_STREAM_CREATION_ERROR, says: "the server opened a stream of both ways" };
    }
    this.#goaway = undefined;
    const fault = this.#streams.push(streamId, bytes) ?? (ended ? this.#streams.end(streamId) : undefined);
    if (fault !== undefined) return { code: ERROR[fault.code], says: fault.reason };
    return this.#goaway === undefined ? undefined : { goaway: this.#goaway };
  }
}

class H3Answer implements StreamAnswer {
  readonly #reader: MessageReader;
  #fields: readonly HeaderField[] = [];

  constructor(isHead: boolean) {
    this.#reader = new MessageReader("response", {
      onHeaders: (kind, fields) => {
        if (kind === "response") this.#fields = fields;
      },
      onContent: () => {},
    });
    this.#reader.answersHead = isHead;
  }

  push(bytes: Uint8Array): Judged | undefined {
    const fault = this.#reader.push(bytes);
    return fault === undefined ? undefined : malformed(fault.code, fault.reason);
  }

  end(): Judged {
    const fault = this.#reader.end();
    return fault === undefined ? judgeAnswer("http", this.#fields, []) : malformed(fault.code, fault.reason);
  }
}

const malformed = (code: string, reason: string): Judged => ({
  status: statusOf("malformed"),
  says: `${code}: ${reason}`,
});
