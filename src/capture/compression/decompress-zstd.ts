import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { StreamUnpacker, type Unpacker } from "./decompress-stream.js";
import { Xxh64 } from "./xxh64.js";
import { ZstdDecoder } from "./zstd-decoder.js";
import { type ZstdBlock, ZstdFrames } from "./zstd-frames.js";

/** Decompresses one frame, given block by block. */
interface FrameDecoder {
  block(block: ZstdBlock): AsyncIterable<Uint8Array>;
  close(): void;
}

/** From Node 22.15 and 23.8 on. */
const native = (zlib as { createZstdDecompress?: (options: { chunkSize: number }) => Transform }).createZstdDecompress;

/** zstd with Node's own decompressor where there is one, else with ours. */
export class ZstdUnpacker implements Unpacker {
  readonly #frames = new ZstdFrames();
  #decoder: FrameDecoder | null = null;

  async *unpack(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#frames.push(piece);
    for (let block = this.#frames.next(); block !== null; block = this.#frames.next()) {
      this.#decoder ??=
        native === undefined
          ? new ScriptDecoder(block.windowBytes)
          : new NativeDecoder(native({ chunkSize: 128 * 1024 }));
      yield* this.#decoder.block(block);
      if (block.last) this.close();
    }
  }

  // biome-ignore lint/correctness/useYield: what is whole was given out, what is not is an error
  async *finish(): AsyncGenerator<Uint8Array> {
    if (!this.#frames.atFrameEnd) throw new Error("unexpected end of file");
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = null;
  }
}

/** Node's decompressor stops at the end of a frame whatever follows, so each frame has its own. */
class NativeDecoder implements FrameDecoder {
  readonly #unpacker: StreamUnpacker;

  constructor(stream: Transform) {
    this.#unpacker = new StreamUnpacker(stream);
  }

  async *block({ bytes, last }: ZstdBlock): AsyncGenerator<Uint8Array> {
    yield* this.#unpacker.unpack(bytes);
    if (last) yield* this.#unpacker.finish();
  }

  close(): void {
    this.#unpacker.close();
  }
}

class ScriptDecoder implements FrameDecoder {
  readonly #decoder: ZstdDecoder;
  readonly #hash = new Xxh64();

  constructor(windowBytes: number) {
    this.#decoder = new ZstdDecoder(windowBytes);
  }

  async *block(block: ZstdBlock): AsyncGenerator<Uint8Array> {
    const plain = this.#plain(block);
    this.#hash.update(plain);
    yield plain;
    if (block.checksum !== null && this.#hash.digest32() !== block.checksum) throw new Error("incorrect data check");
  }

  #plain({ type, body, size }: ZstdBlock): Uint8Array {
    if (type === "raw") return this.#decoder.raw(body);
    return type === "rle" ? this.#decoder.run(body[0]!, size) : this.#decoder.compressed(body);
  }

  close(): void {}
}
