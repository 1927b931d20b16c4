import type { AnswerReader, Protocol, ProtocolName } from "./protocol.js";

/**
 * A protocol from the pieces that a client without a buffer would hand to one `write` each: the request is the pieces joined,
 * its fields are the seams. Empty pieces leave no seam.
 */
export function protocolOf(name: ProtocolName, pieces: readonly Uint8Array[], answers: () => AnswerReader): Protocol {
  const request = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  const seams: number[] = [];
  let at = 0;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    if (at > 0) seams.push(at);
    request.set(piece, at);
    at += piece.length;
  }
  Object.freeze(seams);
  return { name, request: () => request, fields: () => seams, answers };
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** `count` bytes of payload: a letter, so that it is harmless in every text protocol. */
export const filler = (count: number): Uint8Array => new Uint8Array(count).fill(0x78);
