import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReader, readCapture } from "../../../src/capture/readers/formats.js";
import { openCapture } from "../../../src/capture/source.js";
import { NetlatError } from "../../../src/errors.js";
import { pcapFile, pcapngFile } from "../build-capture.js";
import { packetsOf } from "./read.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-source-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Packets of 1,000 bytes: 2 MB, so that several chunks are read and packets straddle them. */
const MANY = packetsOf(Array<number>(2000).fill(1000));

async function read(path: string) {
  const source = await openCapture(path);
  let sum = 0;
  const summary = await readCapture(
    source,
    createReader((record) => {
      for (let at = 0; at < record.capturedLength; at += 37) sum = (sum * 31 + record.bytes[record.start + at]!) | 0;
    }),
  );
  return { source, summary, sum };
}

describe("openCapture", () => {
  it("reads files of many chunks, plain and compressed, of both formats, to the same records", async () => {
    const pcap = pcapFile(MANY);
    const plain = await read(file("plain.pcap", pcap));
    expect(plain.summary).toMatchObject({ packets: 2000, capturedBytes: 2_000_000, damage: null });
    expect(plain.source).toMatchObject({
      compression: "none",
      sizeBytes: pcap.length,
      bytesRead: pcap.length,
      failure: null,
    });
    const zipped = gzipSync(pcap);
    const packed = await read(file("packed.pcap.gz", zipped));
    expect(packed.summary).toEqual(plain.summary);
    expect(packed.sum).toBe(plain.sum);
    expect(packed.source).toMatchObject({ compression: "gzip", bytesRead: zipped.length });
    const next = await read(file("next.pcapng.gz", gzipSync(pcapngFile(MANY))));
    expect(next.summary).toMatchObject({ format: "pcapng", packets: 2000, damage: null });
    expect(next.sum).toBe(plain.sum);
  });

  it("says where compressed data ends too early, and keeps the packets before", async () => {
    const cut = gzipSync(pcapFile(packetsOf([60, 60, 60])));
    const { source, summary } = await read(file("cut.gz", cut.subarray(0, cut.length - 4)));
    expect(source.failure).toBe("gzip: unexpected end of file");
    expect(summary).toMatchObject({ packets: 3, damage: { afterPacket: 3, says: "gzip: unexpected end of file" } });
  });

  it("says that a file is no capture, compressed or not, or empty", async () => {
    const says = async (name: string, content: string | Uint8Array) =>
      (await read(file(name, Buffer.from(content)))).summary.damage?.says;
    expect(await says("text", "root:x:0:0:root")).toBe(
      'not a capture (pcap or pcapng expected; it begins with "root:x:0")',
    );
    expect(await says("text.gz", gzipSync("root:x:0:0:root"))).toContain('"root:x:0"');
    expect(await says("nothing", "")).toBe("not a capture (it is empty)");
    expect(await says("two", "ab")).toContain('it begins with "ab"');
  });

  it("throws what a person can act on where there is nothing to read", async () => {
    mkdirSync(join(folder, "folder"));
    const failure = (path: string) => openCapture(path).catch((error: unknown) => error as NetlatError);
    for (const [path, message] of [
      [join(folder, "missing.pcap"), "missing.pcap: no such file"],
      [join(folder, "folder"), "folder: is a directory"],
    ] as const) {
      const error = await failure(path);
      expect(error).toBeInstanceOf(NetlatError);
      expect(error).toMatchObject({ exitCode: 3, message: expect.stringContaining(message) });
    }
  });

  it("leaves a chunk alone until the next but one", async () => {
    const path = file("long.pcap", pcapFile(MANY));
    let before: { chunk: Uint8Array; copy: Uint8Array } | null = null;
    let chunks = 0;
    for await (const chunk of await openCapture(path)) {
      // Long enough for the read-ahead to be over.
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (before !== null) expect(Buffer.compare(before.chunk, before.copy)).toBe(0);
      before = { chunk, copy: chunk.slice() };
      chunks++;
    }
    expect(chunks).toBeGreaterThan(3);
  });

  it("ends early when it is told to, without damage of its own", async () => {
    const controller = new AbortController();
    const source = await openCapture(file("stop.pcap", pcapFile(MANY)), { signal: controller.signal });
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      controller.abort();
    }
    expect(bytes).toBeLessThan(2_000_000);
    expect(source.failure).toBeNull();
  });
});
