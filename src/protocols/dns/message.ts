/** DNS messages (RFC 1035 section 4), whole in memory; what carries them frames them. */
import { encodeName, readName } from "./name.js";

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord extends DnsQuestion {
  readonly ttlSeconds: number;
  /** Names in it may be compressed: they then point into the message. */
  readonly data: Uint8Array;
}

export interface DnsMessage {
  /** 0 over QUIC (RFC 9250 section 4.2.1). */
  readonly id: number;
  readonly response: boolean;
  readonly authoritative: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  /** Records of the authority and additional sections: read over, not kept. */
  readonly otherRecords: number;
}

export interface DnsFault {
  readonly fault: string;
}

const HEADER_BYTES = 12;
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
/** Fixed part of a question behind its name, and of a record: type, class, TTL, length. */
const QUESTION_TAIL = 4;
const RECORD_TAIL = 10;

/** Never throws. What stands behind the last record is left alone, as resolvers do. */
export function readMessage(message: Uint8Array): DnsMessage | DnsFault {
  if (message.length < HEADER_BYTES) {
    return { fault: `${message.length} bytes where a DNS header has ${HEADER_BYTES}` };
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  const [questionCount, answerCount, authorityCount, additionalCount] = [4, 6, 8, 10].map((at) =>
    view.getUint16(at),
  ) as [number, number, number, number];
  const reader = new SectionReader(message, view);
  const questions = reader.several(questionCount, () => reader.question());
  const answers = reader.several(answerCount, () => reader.record());
  const others = reader.several(authorityCount + additionalCount, () => reader.record());
  if (questions === undefined || answers === undefined || others === undefined) {
    return { fault: `a DNS message that ends, or has no name, at byte ${reader.at} of ${message.length}` };
  }
  return {
    id: view.getUint16(0),
    response: (flags & RESPONSE) !== 0,
    authoritative: (flags & AUTHORITATIVE) !== 0,
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
    recursionAvailable: (flags & RECURSION_AVAILABLE) !== 0,
    rcode: flags & 0x0f,
    questions,
    answers,
    otherRecords: others.length,
  };
}

class SectionReader {
  /** Where the next entry begins, or the one that could not be read. */
  at = HEADER_BYTES;
  readonly #message: Uint8Array;
  readonly #view: DataView;

  constructor(message: Uint8Array, view: DataView) {
    this.#message = message;
    this.#view = view;
  }

  /** Bounded by the message, whatever count it claims: the first entry that is not whole ends it. */
  several<T>(count: number, read: () => T | undefined): T[] | undefined {
    const entries: T[] = [];
    for (let left = count; left > 0; left--) {
      const entry = read();
      if (entry === undefined) return undefined;
      entries.push(entry);
    }
    return entries;
  }

  question(): DnsQuestion | undefined {
    const name = readName(this.#message, this.at);
    if (name === undefined || name.end + QUESTION_TAIL > this.#message.length) return undefined;
    this.at = name.end + QUESTION_TAIL;
    return { name: name.text, type: this.#view.getUint16(name.end), class: this.#view.getUint16(name.end + 2) };
  }

  record(): DnsRecord | undefined {
    const name = readName(this.#message, this.at);
    if (name === undefined || name.end + RECORD_TAIL > this.#message.length) return undefined;
    const start = name.end + RECORD_TAIL;
    const end = start + this.#view.getUint16(name.end + 8);
    if (end > this.#message.length) return undefined;
    this.at = end;
    return {
      name: name.text,
      type: this.#view.getUint16(name.end),
      class: this.#view.getUint16(name.end + 2),
      ttlSeconds: this.#view.getUint32(name.end + 4),
      data: Uint8Array.from(this.#message.subarray(start, end)),
    };
  }
}

/** Without compression. @throws TypeError for a name that cannot be written: `encodeName` tells beforehand */
export function writeMessage(message: Omit<DnsMessage, "otherRecords">): Uint8Array {
  const { questions, answers } = message;
  const flags =
    (message.response ? RESPONSE : 0) |
    (message.authoritative ? AUTHORITATIVE : 0) |
    (message.recursionDesired ? RECURSION_DESIRED : 0) |
    (message.recursionAvailable ? RECURSION_AVAILABLE : 0) |
    message.rcode;
  return Buffer.concat([
    uint16s(message.id, flags, questions.length, answers.length, 0, 0),
    ...questions.flatMap((question) => [nameOf(question), uint16s(question.type, question.class)]),
    ...answers.flatMap((record) => [
      nameOf(record),
      uint16s(record.type, record.class, record.ttlSeconds >>> 16, record.ttlSeconds & 0xffff, record.data.length),
      record.data,
    ]),
  ]);
}

function nameOf({ name }: DnsQuestion): Uint8Array {
  const bytes = encodeName(name);
  if (bytes === undefined) throw new TypeError(`${name} is no domain name`);
  return bytes;
}

const uint16s = (...values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
