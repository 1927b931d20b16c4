/** A question to a DNS server over a stream: messages with their length before them (RFC 9250 section 4.2, as in RFC 1035 4.2.2). */

import { protocolOf } from "../pieces.js";
import { printable } from "../printable.js";
import {
  type AnswerReader,
  type AnswerState,
  type Complete,
  INCOMPLETE,
  type Malformed,
  type Protocol,
  type RequestSpec,
} from "../protocol.js";
import { type DnsMessage, readMessage, writeMessage } from "./message.js";
import { CLASS_IN, RCODE, rcodeName, typeNumber } from "./types.js";

type DnsSpec = Extract<RequestSpec, { protocol: "dns" }>;

const LENGTH_BYTES = 2;
const HEADER_BYTES = 12;

/**
 * A query as a stub resolver asks it: recursion desired, ID 0 (RFC 9250 section 4.2.1). Fields: the length, the header, the question.
 * NOERROR with answers is a value; NXDOMAIN, and NOERROR without an answer, a miss; any other code an error.
 * @throws TypeError for a spec that no endpoint gives
 */
export function dns(spec: DnsSpec): Protocol {
  const type = typeNumber(spec.type);
  if (type === undefined) throw new TypeError(`${spec.type} is no type of DNS records`);
  const question = { name: spec.name, type, class: CLASS_IN };
  const query = writeMessage({
    id: 0,
    response: false,
    authoritative: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: RCODE.noError,
    questions: [question],
    answers: [],
  });
  const length = Uint8Array.from([query.length >> 8, query.length & 0xff]);
  const pieces = [length, query.subarray(0, HEADER_BYTES), query.subarray(HEADER_BYTES)];
  return protocolOf("dns", pieces, () => new DnsAnswers(question));
}

/** Keeps one message at most: 64 KiB, as its length says. */
class DnsAnswers implements AnswerReader {
  readonly #question: DnsMessage["questions"][number];
  readonly #length = new Uint8Array(LENGTH_BYTES);
  /** What came of the length, then of the message. */
  #seen = 0;
  #message: Uint8Array | undefined;
  #malformed: Malformed | undefined;

  constructor(question: DnsMessage["questions"][number]) {
    this.#question = question;
  }

  push(chunk: Uint8Array, start: number, end: number): AnswerState {
    if (this.#malformed !== undefined) return this.#malformed;
    let at = start;
    while (this.#message === undefined) {
      if (at === end) return INCOMPLETE;
      this.#length[this.#seen++] = chunk[at++] as number;
      if (this.#seen < LENGTH_BYTES) continue;
      this.#message = new Uint8Array(((this.#length[0] as number) << 8) | (this.#length[1] as number));
      this.#seen = 0;
    }
    const message = this.#message;
    const taken = Math.min(end - at, message.length - this.#seen);
    message.set(chunk.subarray(at, at + taken), this.#seen);
    this.#seen += taken;
    if (this.#seen < message.length) return INCOMPLETE;
    this.#message = undefined;
    this.#seen = 0;
    return this.#judge(message, at + taken);
  }

  close(): AnswerState {
    return this.#malformed ?? INCOMPLETE;
  }

  #judge(bytes: Uint8Array, end: number): AnswerState {
    const message = readMessage(bytes);
    if ("fault" in message) return this.#refuse(`no DNS message: ${message.fault}`);
    if (!message.response) return this.#refuse("a DNS query where a response was expected");
    if (message.id !== 0) return this.#refuse(`a DNS response with the ID ${message.id}, which is 0 over QUIC`);
    const [echoed] = message.questions;
    if (echoed !== undefined && !this.#asked(echoed)) {
      return this.#refuse(`a DNS response about ${printable(echoed.name, 80)}, which was not asked`);
    }
    return completed(message, end);
  }

  /** Names are alike in upper and lower case (RFC 4343). */
  #asked({ name, type }: DnsMessage["questions"][number]): boolean {
    const plain = (text: string): string => (text === "." ? text : text.replace(/\.$/, "")).toLowerCase();
    return type === this.#question.type && plain(name) === plain(this.#question.name);
  }

  #refuse(reason: string): Malformed {
    this.#malformed = { state: "malformed", reason };
    return this.#malformed;
  }
}

function completed({ rcode, answers }: DnsMessage, end: number): Complete {
  if (rcode === RCODE.noError) return { state: "complete", end, kind: answers.length > 0 ? "value" : "miss" };
  if (rcode === RCODE.nameError) return { state: "complete", end, kind: "miss" };
  return { state: "complete", end, kind: "error", detail: rcodeName(rcode) };
}
