/** DNS over dedicated QUIC connections (RFC 9250): a server that knows an address for every name. */
import { type DnsMessage, type DnsQuestion, readMessage, writeMessage } from "../../protocols/dns/message.js";
import { CLASS_IN, RCODE, TYPES } from "../../protocols/dns/types.js";
import type { ApplicationCodes, QuicDialect, QuicFault, QuicReply, RequestStream } from "./dialect.js";

/** RFC 9250 section 4.3. */
const PROTOCOL_ERROR = 2;
const CODES: ApplicationCodes = { noError: 0, internalError: 1, cancelled: 3, rejected: 4 };
/** Octets ahead of each message that are its length (section 4.2). */
const LENGTH_BYTES = 2;
const TTL_SECONDS = 60;
/** RFC 1035 section 4.1.1. */
const QUERY_HEADER_BYTES = 12;
const OPCODE = 0x78;

const ADDRESSES: ReadonlyMap<number, Uint8Array> = new Map([
  [TYPES.A, Uint8Array.of(127, 0, 0, 1)],
  [TYPES.AAAA, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
]);

/** Every name has 127.0.0.1 and ::1 and nothing else, except those under `missing.`, which do not exist. */
export function doq(): QuicDialect {
  return {
    codes: CODES,
    request: () => new QueryStream(),
    unidirectional: () => wrong("a unidirectional stream"),
  };
}

class QueryStream implements RequestStream {
  #bytes: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): QuicFault | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const length = this.#messageBytes();
    if (length === undefined || this.#bytes.length <= LENGTH_BYTES + length) return undefined;
    return wrong("more than one query on a stream");
  }

  end(): QuicReply | QuicFault {
    const length = this.#messageBytes();
    const query = this.#bytes.subarray(LENGTH_BYTES);
    if (length === undefined || query.length < length) return wrong("a stream that ends inside its query");
    if (length < QUERY_HEADER_BYTES) return wrong(`${length} bytes, which are no DNS message`);
    if (query.readUInt16BE(0) !== 0) return wrong("a message ID that is not 0");
    const answer = answerTo(query);
    return { pieces: () => [framed(answer)].values() };
  }

  #messageBytes(): number | undefined {
    return this.#bytes.length < LENGTH_BYTES ? undefined : this.#bytes.readUInt16BE(0);
  }
}

/** Section 4.3.3: these end the connection. */
const wrong = (reason: string): QuicFault => ({ scope: "connection", code: PROTOCOL_ERROR, reason });

function answerTo(query: Buffer): Uint8Array {
  const read = readMessage(query);
  const opcode = (query[2] as number) & OPCODE;
  const [question] = "fault" in read ? [] : read.questions;
  if ("fault" in read || read.response || read.questions.length !== 1 || question === undefined) {
    return answer(RCODE.formatError, opcode, undefined, false);
  }
  if (opcode !== 0) return answer(RCODE.notImplemented, opcode, question, read.recursionDesired);
  const exists = !/(^|\.)missing$/i.test(question.name);
  return answer(exists ? RCODE.noError : RCODE.nameError, opcode, question, read.recursionDesired);
}

function answer(rcode: number, opcode: number, question: DnsQuestion | undefined, recursion: boolean): Uint8Array {
  const bytes = writeMessage({
    id: 0,
    response: true,
    authoritative: rcode === RCODE.noError || rcode === RCODE.nameError,
    recursionDesired: recursion,
    recursionAvailable: true,
    rcode,
    questions: question === undefined ? [] : [question],
    answers: question === undefined || rcode !== RCODE.noError ? [] : recordsOf(question),
  });
  bytes[2] = (bytes[2] as number) | opcode;
  return bytes;
}

function recordsOf({ name, type, class: ofClass }: DnsQuestion): DnsMessage["answers"] {
  if (ofClass !== CLASS_IN) return [];
  return [...ADDRESSES]
    .filter(([known]) => known === type || type === TYPES.ANY)
    .map(([known, data]) => ({ name, type: known, class: CLASS_IN, ttlSeconds: TTL_SECONDS, data }));
}

function framed(message: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
