import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compressionOf, decompressed } from "../../../src/capture/compression/decompress.js";
import { Xxh64 } from "../../../src/capture/compression/xxh64.js";
import { joined } from "../build-capture.js";

/** A frame of raw blocks, or of run-length blocks where a part is all one byte: what needs no compressor. */
function zstdFrame(parts: readonly Uint8Array[], checksum = true): Uint8Array {
  const header = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, checksum ? 0x04 : 0, 0x38);
  const blocks = parts.map((part, index) => {
    const run = part.length > 1 && part.every((byte) => byte === part[0]);
    const word = (index === parts.length - 1 ? 1 : 0) | (run ? 2 : 0) | (part.length << 3);
    const start = Uint8Array.of(word & 0xff, (word >> 8) & 0xff, word >> 16);
    return joined([start, run ? part.subarray(0, 1) : part]);
  });
  const hash = new Xxh64();
  for (const part of parts) hash.update(part);
  const sum = new Uint8Array(checksum ? 4 : 0);
  if (checksum) new DataView(sum.buffer).setUint32(0, Number(hash.digest() & 0xffff_ffffn), true);
  return joined([header, ...blocks, sum]);
}

const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);

/** What `zstd -19` 1.5.4 made of PLAIN, checksum and all. */
const COMPRESSED = Uint8Array.from(
  Buffer.from(
    "KLUv/QRoRQQAckwbENAXDkWqLriQUsqUUupLFCNAFdWU1MvVYq2EKiIaEjqZSqSRQDU0MzIfT4ezEaaEZETkYqlQJoLU6XP57/f8LrxMHotvu6ZnwVXqVPq6LbsKLRKHwtMsyVFgjTaTfV7HbcKKRu5ygBAcQ3EQRmOoECC+HeDXEEb8WTVNO/3BBz/s4QhSCi75/k0=",
    "base64",
  ),
);
const PLAIN = new TextEncoder().encode(Array.from({ length: 100 }, (_, n) => `netlat ${n}\n`).join(""));

async function take(file: Uint8Array, kind: "gzip" | "zstd", length = file.length) {
  const parts: Uint8Array[] = [];
  const chunks = async function* () {
    for (let at = 0; at < file.length; at += length) {
      // Buffer.slice would not copy.
      const chunk = Uint8Array.from(file.subarray(at, at + length));
      yield chunk;
      chunk.fill(0xee);
    }
  };
  let failure: string | null = null;
  try {
    for await (const part of decompressed(chunks(), kind)) parts.push(part.slice());
  } catch (error) {
    failure = (error as Error).message;
  }
  return { plain: joined(parts), failure };
}

const noise = (length: number) => Uint8Array.from({ length }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24);

describe("compressionOf", () => {
  it("goes by the magic", () => {
    expect(compressionOf(gzipSync("x"))).toBe("gzip");
    expect(compressionOf(COMPRESSED)).toBe("zstd");
    expect(compressionOf(skippable)).toBe("zstd");
    expect(compressionOf(Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1))).toBe("none");
    expect(compressionOf(new Uint8Array(0))).toBe("none");
  });
});

describe("gzip", () => {
  it.each([1, 7, 1_000_000])("takes several members off, in chunks of %i", async (length) => {
    const file = joined([gzipSync(PLAIN), gzipSync(""), gzipSync(noise(3000))]);
    expect(await take(file, "gzip", length)).toEqual({ plain: joined([PLAIN, noise(3000)]), failure: null });
  });

  it("gives more than fits the queue, in order", async () => {
    const large = joined(Array<Uint8Array>(300).fill(noise(20_000)));
    const { plain, failure } = await take(gzipSync(large), "gzip");
    expect(failure).toBeNull();
    // toEqual takes minutes over 6 MB.
    expect(Buffer.compare(plain, large)).toBe(0);
  });

  it("keeps what came before a cut and says so", async () => {
    const file = gzipSync(noise(50_000));
    const { plain, failure } = await take(file.subarray(0, file.length - 9), "gzip");
    expect(failure).toBe("unexpected end of file");
    expect(plain.length).toBeGreaterThan(49_000);
    expect(Buffer.compare(plain, noise(50_000).subarray(0, plain.length))).toBe(0);
  });

  it("keeps most of what came before broken data", async () => {
    // Stored, so that the place of the damage is known: it is only found out by the check sum at the end.
    const plain = noise(400_000);
    const file = Buffer.concat([gzipSync(plain, { level: 0 })]);
    file.fill(0xff, 200_000, 200_020);
    const broken = await take(file, "gzip");
    expect(broken.failure).not.toBeNull();
    expect(broken.plain.length).toBeGreaterThan(180_000);
    expect(Buffer.compare(broken.plain.subarray(0, 180_000), plain.subarray(0, 180_000))).toBe(0);
  });
});

describe("zstd", () => {
  it.each([1, 5, 1_000_000])("takes off what zstd compressed, in chunks of %i", async (length) => {
    expect(await take(COMPRESSED, "zstd", length)).toEqual({ plain: PLAIN, failure: null });
  });

  it.each([1, 1000, 1_000_000])(
    "several frames, skippable ones and empty ones between, in chunks of %i",
    async (length) => {
      const parts = [noise(3000), new Uint8Array(2000).fill(7)];
      const file = joined([
        skippable,
        COMPRESSED,
        skippable,
        zstdFrame([new Uint8Array(0)]),
        zstdFrame(parts, false),
        skippable,
      ]);
      expect(await take(file, "zstd", length)).toEqual({ plain: joined([PLAIN, ...parts]), failure: null });
    },
  );

  it("keeps what came before a cut and says so", async () => {
    const file = zstdFrame([noise(1000), noise(1000)]);
    expect(await take(file.subarray(0, 1500), "zstd")).toEqual({
      plain: noise(1000),
      failure: "unexpected end of file",
    });
    expect((await take(file.subarray(0, file.length - 1), "zstd")).failure).toBe("unexpected end of file");
    expect((await take(file.subarray(0, 3), "zstd")).failure).toBe("unexpected end of file");
  });

  it("finds any flipped bit", async () => {
    for (let bit = 48; bit < COMPRESSED.length * 8; bit++) {
      const flipped = COMPRESSED.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const { plain, failure } = await take(flipped, "zstd");
      if (Buffer.compare(plain, PLAIN) !== 0) expect(failure).not.toBeNull();
    }
  });

  it.each([
    [
      "a window of 2 GiB",
      [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0],
      "it needs a window of 2147483648 bytes; 128 MiB is the limit",
    ],
    [
      "a content of 16 EiB in one segment",
      [0x28, 0xb5, 0x2f, 0xfd, 0xe0, ...Array<number>(8).fill(255), 1, 0, 0],
      "it needs a window of",
    ],
    ["a dictionary", [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x38, 9, 1, 0, 0], "it was compressed with a dictionary"],
    ["a block of 2 MiB", [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 0xfb, 0xff, 0xff, 0], "invalid data"],
    [
      "something else behind a frame",
      [...zstdFrame([noise(9)]), ...new Array<number>(9).fill(65)],
      "bytes that are no zstd frame",
    ],
  ])("refuses %s", async (_name, bytes, says) => {
    expect((await take(Uint8Array.from(bytes), "zstd")).failure).toContain(says);
  });

  it("any bytes: no hang, errors are errors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (bytes, length) => {
        await take(joined([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x20), bytes]), "zstd", length);
        await take(joined([Uint8Array.of(0x1f, 0x8b, 8, 0), bytes]), "gzip", length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("XXH64", () => {
  it.each([
    ["", 0xef46db3751d8e999n],
    ["a", 0xd24ec4f1a98c6e5bn],
    ["abc", 0x44bc2cf5ad770999n],
    ["Nobody inspects the spammish repetition", 0xfbcea83c8a378bf1n],
  ])("of %j", (text, expected) => {
    const bytes = new TextEncoder().encode(text);
    const whole = new Xxh64();
    whole.update(bytes);
    expect(whole.digest()).toBe(expected);
    const bytewise = new Xxh64();
    for (const byte of bytes) bytewise.update(Uint8Array.of(byte));
    expect(bytewise.digest()).toBe(expected);
  });
});
