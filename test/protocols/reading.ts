import fc from "fast-check";
import type { AnswerKind, AnswerReader, Protocol } from "../../src/protocols/protocol.js";

export interface ReadAnswer {
  readonly kind: AnswerKind;
  /** Offset in the whole stream. */
  readonly end: number;
  readonly detail?: string | undefined;
  readonly closes?: boolean | undefined;
}

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Reads a stream that arrives in chunks; each lies in a larger buffer, as in a receive buffer that is used again. */
export function readChunks(reader: AnswerReader, chunks: readonly Uint8Array[]): ReadAnswer[] | { malformed: string } {
  const answers: ReadAnswer[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    const buffer = new Uint8Array(chunk.length + 7).fill(0x0a);
    buffer.set(chunk, 3);
    let at = 3;
    const end = 3 + chunk.length;
    while (at < end) {
      const state = reader.push(buffer, at, end);
      if (state.state === "malformed") return { malformed: state.reason };
      if (state.state === "incomplete") break;
      if (state.end <= at || state.end > end) throw new Error(`end ${state.end} outside (${at}, ${end}]`);
      at = state.end;
      answers.push({ kind: state.kind, end: offset + at - 3, detail: state.detail, closes: state.closes });
    }
    buffer.fill(0); // The reader must not keep a view of it.
    offset += chunk.length;
  }
  return answers;
}

export const readText = (protocol: Protocol, text: string): ReturnType<typeof readChunks> =>
  readChunks(protocol.answers(), [bytesOf(text)]);

/** The one answer that `text` is, which must end with it. */
export function readOne(protocol: Protocol, text: string): Omit<ReadAnswer, "end"> {
  const answers = readText(protocol, text);
  if ("malformed" in answers) throw new Error(answers.malformed);
  if (answers.length !== 1 || answers[0]!.end !== text.length)
    throw new Error(`not one whole answer: ${JSON.stringify(answers)}`);
  const { end: _, ...answer } = answers[0]!;
  return answer;
}

/** Fractions at which a stream is cut, turned into chunks. Equal fractions give empty chunks, which a reader survives too. */
function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const cuts = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], cut));
}

const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/**
 * Any chunking of pipelined answers gives one answer for each text, with its kind, ending where its text ends;
 * so do single bytes.
 */
export function chunkingProperty(
  protocol: Protocol,
  answer: fc.Arbitrary<{ text: string; kind: AnswerKind }>,
): fc.IPropertyWithHooks<unknown> {
  return fc.property(fc.array(answer, { maxLength: 8 }), fractions, (answers, cuts) => {
    let end = 0;
    const expected = answers.map(({ text, kind }) => {
      end += text.length;
      return { kind, end };
    });
    const stream = bytesOf(answers.map(({ text }) => text).join(""));
    for (const chunks of [cutAt(stream, cuts), [...stream].map((byte) => Uint8Array.of(byte)), [stream]]) {
      const read = readChunks(protocol.answers(), chunks);
      if ("malformed" in read) throw new Error(`malformed: ${read.malformed}`);
      const got = read.map(({ kind, end }) => ({ kind, end }));
      if (JSON.stringify(got) !== JSON.stringify(expected)) {
        throw new Error(`read ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
      }
    }
  });
}

/** Any bytes, in any chunks, then the close: never throws; what is malformed stays so and says why in one printable phrase. */
export function anyBytesProperty(protocol: Protocol, words: readonly string[]): fc.IPropertyWithHooks<unknown> {
  const piece = fc.oneof(
    fc.constantFrom(...words).map(bytesOf),
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom("\r\n", "\n", " ", "0", "-1", "3", "99999999999999999999").map(bytesOf),
  );
  return fc.property(fc.array(piece, { maxLength: 30 }), (chunks) => {
    const reader = protocol.answers();
    const read = readChunks(reader, chunks);
    const closed = reader.close();
    if (!("malformed" in read)) return;
    const after = reader.push(bytesOf("END\r\n"), 0, 5);
    if (after.state !== "malformed" || closed.state !== "malformed") throw new Error("malformed did not stay");
    if (!/^[ -~]{1,200}$/.test(read.malformed)) throw new Error(`unprintable: ${JSON.stringify(read.malformed)}`);
  });
}
