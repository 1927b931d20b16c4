/**
 * The instructions of the two QPACK streams (RFC 9204 sections 4.3 and 4.4), parsed as far as their names and lengths: enough to
 * say what a peer does with a dynamic table, and whether it was allowed. Takes any chunks, keeps a few bytes.
 */

/** Of the peer's encoder stream: what it does to the table that we decode with. */
export type EncoderInstruction =
  | "set-dynamic-table-capacity"
  | "insert-with-name-reference"
  | "insert-with-literal-name"
  | "duplicate";
/** Of the peer's decoder stream: what it says of our blocks. */
export type DecoderInstruction = "section-acknowledgment" | "stream-cancellation" | "insert-count-increment";

export interface Instruction {
  readonly name: EncoderInstruction | DecoderInstruction;
  /** Capacity in bytes, index, stream ID or count; of an insertion with a literal name, the length of the name. */
  readonly value: number;
}

export type InstructionEvent =
  | Instruction
  /** Nothing more is read: QPACK_ENCODER_STREAM_ERROR or QPACK_DECODER_STREAM_ERROR. One sentence without a full stop. */
  | { readonly name: "fault"; readonly reason: string };

interface Form {
  readonly name: Instruction["name"];
  readonly prefixBits: number;
  /** A string follows, of `value` bytes, and then another; or only another. */
  readonly strings: 0 | 1 | 2;
}

const MAX_VALUE = 2 ** 53 - 1;
/** Larger than any string that a decoder would take; it is passed over, not kept. */
const MAX_STRING_BYTES = 1024 * 1024;

function encoderForm(first: number): Form {
  if (first >= 0x80) return { name: "insert-with-name-reference", prefixBits: 6, strings: 1 };
  if (first >= 0x40) return { name: "insert-with-literal-name", prefixBits: 5, strings: 2 };
  if (first >= 0x20) return { name: "set-dynamic-table-capacity", prefixBits: 5, strings: 0 };
  return { name: "duplicate", prefixBits: 5, strings: 0 };
}

function decoderForm(first: number): Form {
  if (first >= 0x80) return { name: "section-acknowledgment", prefixBits: 7, strings: 0 };
  if (first >= 0x40) return { name: "stream-cancellation", prefixBits: 6, strings: 0 };
  return { name: "insert-count-increment", prefixBits: 6, strings: 0 };
}

const VALUE_STRING_PREFIX_BITS = 7;

export class InstructionReader {
  readonly #formOf: (first: number) => Form;
  readonly #emit: (event: InstructionEvent) => void;
  #form: Form | undefined;
  /** The integer under way: undefined between integers. */
  #integer: { value: number; unit: number } | undefined;
  #value = 0;
  /** Strings that have yet to begin, and bytes of the one under way. */
  #strings = 0;
  #skip = 0;
  #stopped = false;

  /** @param kind whose stream: type 0x02 is the encoder's, 0x03 the decoder's */
  constructor(kind: "encoder" | "decoder", emit: (event: InstructionEvent) => void) {
    this.#formOf = kind === "encoder" ? encoderForm : decoderForm;
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#stopped; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else this.#byte(bytes[at++]!);
      if (this.#form !== undefined && this.#integer === undefined && this.#skip === 0 && this.#strings === 0)
        this.#done();
    }
  }

  #byte(byte: number): void {
    if (this.#integer !== undefined) {
      const { value, unit } = this.#integer;
      const sum = value + (byte & 127) * unit;
      if (sum > MAX_VALUE || unit > MAX_VALUE) this.#stop("an integer above 2^53 - 1");
      else if (byte >= 128) this.#integer = { value: sum, unit: unit * 128 };
      else this.#took(sum);
      return;
    }
    let prefixBits = VALUE_STRING_PREFIX_BITS;
    if (this.#form === undefined) {
      this.#form = this.#formOf(byte);
      this.#strings = this.#form.strings;
      this.#value = -1;
      prefixBits = this.#form.prefixBits;
    }
    const full = (1 << prefixBits) - 1;
    if ((byte & full) < full) this.#took(byte & full);
    else this.#integer = { value: full, unit: 1 };
  }

  /** An integer is whole: the instruction's own, which is a length where a name follows, or the length of its value. */
  #took(value: number): void {
    this.#integer = undefined;
    const isOwn = this.#value === -1;
    if (isOwn) this.#value = value;
    if (isOwn && this.#form?.strings !== 2) return;
    this.#strings--;
    if (value > MAX_STRING_BYTES) this.#stop(`a string of ${value} bytes; ${MAX_STRING_BYTES} are allowed`);
    else this.#skip = value;
  }

  #done(): void {
    const name = (this.#form as Form).name;
    this.#form = undefined;
    this.#emit({ name, value: this.#value });
  }

  #stop(reason: string): void {
    this.#stopped = true;
    this.#emit({ name: "fault", reason });
  }
}
