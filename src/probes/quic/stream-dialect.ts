/** Requests that are bytes, each on a stream of its own: raw streams of any ALPN, and DNS (RFC 9250). */
import type { AnswerReader, AnswerState, Protocol } from "../../protocols/protocol.js";
import type { Judged } from "../http2/h2-answer.js";
import { STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";
import type { DialectConnection, StreamAnswer, StreamDialect } from "./dialect.js";

/** RFC 9250 section 4.3: DOQ_NO_ERROR, DOQ_INTERNAL_ERROR and so on; raw streams have no names for theirs. */
const DOQ_ERRORS = ["DOQ_NO_ERROR", "DOQ_INTERNAL_ERROR", "DOQ_PROTOCOL_ERROR", "DOQ_REQUEST_CANCELLED"];
const DOQ_REQUEST_CANCELLED = 3;

export function streamDialect(protocol: Protocol): StreamDialect {
  const isDns = protocol.name === "dns";
  return {
    request: protocol.request(),
    closeCode: 0,
    cancelCode: isDns ? DOQ_REQUEST_CANCELLED : 0,
    rejectedCode: undefined,
    errorName: (code) => (isDns ? DOQ_ERRORS[code] : undefined) ?? `0x${code.toString(16)}`,
    connection: () => new StreamConnection(protocol),
  };
}

class StreamConnection implements DialectConnection {
  readonly own = [];
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  answer(): StreamAnswer {
    return new ByteAnswer(this.#protocol.answers());
  }

  /** What a server says of its own accord is nothing that was asked. */
  fromServer(): undefined {
    return undefined;
  }
}

class ByteAnswer implements StreamAnswer {
  readonly #reader: AnswerReader;
  #judged: Judged | undefined;

  constructor(reader: AnswerReader) {
    this.#reader = reader;
  }

  push(bytes: Uint8Array): Judged | undefined {
    if (this.#judged === undefined) this.#judged = judge(this.#reader.push(bytes, 0, bytes.length));
    return this.#judged;
  }

  end(): Judged {
    return this.#judged ?? judge(this.#reader.close()) ?? CUT;
  }
}

const CUT: Judged = { status: statusOf("closed"), says: "the stream ended before the answer was whole" };

function judge(state: AnswerState): Judged | undefined {
  if (state.state === "incomplete") return undefined;
  if (state.state === "malformed") return { status: statusOf("malformed"), says: state.reason };
  if (state.kind === "error") return { status: statusOf("error-answer"), says: state.detail ?? "refused" };
  return { status: state.kind === "miss" ? STATUS_MISS : STATUS_VALUE, says: "" };
}
