/** From the first bytes of a capture to the reader for it, and from a source of bytes to the summary. */
import { printableBytes } from "../../protocols/printable.js";
import { beginsPcap, PcapReader } from "./pcap.js";
import { beginsPcapng, PcapngReader } from "./pcapng.js";
import type { CaptureReader, CaptureSummary, RecordSink, SecretsSink } from "./record.js";

/** As many bytes as decide the format, and as many as are shown of a file that has neither. */
const MAGIC_BYTES = 4;
const BEGINNING_BYTES = 8;

/** Other things that people take for captures, by their first bytes as Latin-1. */
const OTHERS: readonly (readonly [begins: string, is: string])[] = [
  ["\xfd7zXZ", "it is compressed with xz: unpack it first"],
  ["BZh", "it is compressed with bzip2: unpack it first"],
  ["\x04\x22\x4d\x18", "it is compressed with lz4: unpack it first"],
  ["PK\x03\x04", "it is a zip archive: unpack it first"],
  ["snoop\0", "it is a Solaris snoop file: convert it with editcap"],
  ["GMBU", "it is a Network Monitor file: convert it with editcap"],
  ["XCP\0", "it is a NetXRay or Sniffer file: convert it with editcap"],
];

export const READERS = ["netlat", "pcap-parser"] as const;
/** Ours, or the npm package (classic pcap only) to hold it against. */
export type ReaderName = (typeof READERS)[number];

/** What makes the readers of that name; the npm package is loaded only if it is asked for. */
export async function readerMaker(
  name: ReaderName,
): Promise<(sink: RecordSink, secrets?: SecretsSink) => CaptureReader> {
  return name === "netlat" ? createReader : (await import("./pcap-parser-adapter.js")).loadPcapParser();
}

/**
 * A reader for pcap and pcapng alike: it finds out which from the first bytes, however few come at a time. A file that is neither
 * is damaged from byte 0, and the damage says what the file begins with.
 */
export function createReader(sink: RecordSink, secrets?: SecretsSink): CaptureReader {
  return new DetectingReader(sink, secrets);
}

class DetectingReader implements CaptureReader {
  readonly #sink: RecordSink;
  readonly #secrets: SecretsSink | undefined;
  readonly #beginning = new Uint8Array(BEGINNING_BYTES);
  #length = 0;
  #reader: CaptureReader | null = null;

  constructor(sink: RecordSink, secrets: SecretsSink | undefined) {
    this.#sink = sink;
    this.#secrets = secrets;
  }

  get finished(): boolean {
    return this.#reader?.finished ?? false;
  }

  push(chunk: Uint8Array): void {
    if (this.#reader !== null) {
      this.#reader.push(chunk);
      return;
    }
    const taken = Math.min(BEGINNING_BYTES - this.#length, chunk.length);
    this.#beginning.set(chunk.subarray(0, taken), this.#length);
    this.#length += taken;
    if (this.#length === BEGINNING_BYTES) this.#decide().push(chunk.subarray(taken));
  }

  end(): CaptureSummary {
    return (this.#reader ?? this.#decide()).end();
  }

  #decide(): CaptureReader {
    const bytes = this.#beginning.subarray(0, this.#length);
    this.#reader = readerFor(bytes, this.#sink, this.#secrets);
    this.#reader.push(bytes);
    return this.#reader;
  }
}

function readerFor(bytes: Uint8Array, sink: RecordSink, secrets: SecretsSink | undefined): CaptureReader {
  if (bytes.length >= MAGIC_BYTES && beginsPcap(bytes)) return new PcapReader(sink);
  if (bytes.length >= MAGIC_BYTES && beginsPcapng(bytes)) return new PcapngReader(sink, secrets);
  return new NoReader(notACapture(bytes));
}

/** For a file that is neither. */
class NoReader implements CaptureReader {
  readonly finished = true;
  readonly #says: string;

  constructor(says: string) {
    this.#says = says;
  }

  push(): void {}

  end(): CaptureSummary {
    return {
      format: "pcap",
      variant: "neither pcap nor pcapng",
      linkTypes: [],
      packets: 0,
      capturedBytes: 0,
      firstPacketEpochNs: null,
      durationNs: 0,
      snapLength: null,
      dropped: null,
      skipped: {},
      damage: { atByte: 0, afterPacket: 0, says: this.#says },
      backwards: 0,
    };
  }
}

function notACapture(bytes: Uint8Array): string {
  if (bytes.length === 0) return "not a capture (it is empty)";
  const latin1 = String.fromCharCode(...bytes);
  const other = OTHERS.find(([begins]) => latin1.startsWith(begins));
  const begins = other === undefined ? `it begins with ${shown(bytes)}` : other[1];
  return `not a capture (pcap or pcapng expected; ${begins})`;
}

/** Text in quotes, anything else as hexadecimal bytes. */
function shown(bytes: Uint8Array): string {
  const isText = bytes.every(
    (byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d,
  );
  if (isText) return `"${printableBytes(bytes, 0, bytes.length)}"`;
  return `the bytes ${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}

/** Bytes with a word on why they ended too early, if they did. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Once the iteration is over: what kept it from reaching the end; null: nothing did. */
  readonly failure: string | null;
  /** It was told to stop: that the last packet is not whole is no damage. */
  readonly interrupted?: boolean;
}

/**
 * Pushes everything from the source into the reader, until its end or the first damage. Where the source failed (a read error, broken
 * compression), the summary's damage says so instead of calling the file cut off. `onChunk` is called after each chunk.
 */
export async function readCapture(
  source: ByteSource,
  reader: CaptureReader,
  onChunk?: () => void,
): Promise<CaptureSummary> {
  let bytes = 0;
  for await (const chunk of source) {
    reader.push(chunk);
    bytes += chunk.length;
    onChunk?.();
    if (reader.finished) return reader.end();
  }
  const summary = reader.end();
  if (source.interrupted === true) return { ...summary, damage: null };
  if (source.failure === null) return summary;
  return { ...summary, damage: { atByte: bytes, afterPacket: summary.packets, says: source.failure } };
}
