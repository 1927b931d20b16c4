/** gzip and zstd around a capture, told by their magic and taken off as the bytes come. */
import { createGunzip } from "node:zlib";
import { StreamUnpacker, type Unpacker } from "./decompress-stream.js";
import { ZstdUnpacker } from "./decompress-zstd.js";

export type Compression = "none" | "gzip" | "zstd";

const LEAST_PIECE_BYTES = 64;
const LARGEST_PIECE_BYTES = 256 * 1024;
/** As many bytes as tell the compression. */
export const COMPRESSION_MAGIC_BYTES = 4;

/** What the first 4 bytes say (RFC 1952 2.3.1; RFC 8878 3.1.1, a skippable frame may come first: 3.1.2). */
export function compressionOf(bytes: Uint8Array): Compression {
  const [first, second, third, fourth] = bytes;
  if (first === 0x1f && second === 0x8b) return "gzip";
  if (first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd) return "zstd";
  if ((first ?? 0) >> 4 === 5 && second === 0x2a && third === 0x4d && fourth === 0x18) return "zstd";
  return "none";
}

function unpackerFor(compression: "gzip" | "zstd"): Unpacker {
  return compression === "gzip" ? new StreamUnpacker(createGunzip({ chunkSize: 128 * 1024 })) : new ZstdUnpacker();
}

/**
 * The plain bytes of compressed chunks. Throws at what is broken, after everything before it was yielded: zlib gives nothing of
 * the piece in which it finds an error, so a piece is at most a sixteenth of what came before it, and a small file loses little.
 */
export async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd",
): AsyncGenerator<Uint8Array> {
  const unpacker = unpackerFor(compression);
  let taken = 0;
  try {
    for await (const chunk of chunks) {
      for (let pos = 0; pos < chunk.length; ) {
        const most = Math.min(LARGEST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, taken >>> 4));
        const piece = chunk.subarray(pos, pos + most);
        yield* unpacker.unpack(piece);
        pos += piece.length;
        taken += piece.length;
      }
    }
    yield* unpacker.finish();
  } finally {
    unpacker.close();
  }
}
