/** Content that is only there to be large: the same words again and again, made without memory for all of it. */

const WORDS = "netlat ";
/** Whole words and whole DATA frames of 16 KiB. */
const PIECE = Buffer.alloc(WORDS.length * 16384, WORDS);

/** `bytes` of filler in a buffer of their own. */
export const filler = (bytes: number): Buffer => Buffer.alloc(bytes, WORDS);

/** `bytes` of filler, piece by piece; all pieces share their memory. */
export function* fillerPieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.length) yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
}
