/**
 * The npm package pcap-parser 0.2.1 behind our interface: the reference that our own reader is held against. It reads classic pcap with
 * microseconds only. Its faults are kept out here: it holds on to chunks (it gets copies), joins buffers for ever on a huge captured length
 * (stopped at the record's header), keeps FCS bits in the link type (masked), ends cut-off files without a word (told from the bytes
 * it used), and leaks the descriptor of files it opens itself (it gets none).
 */
import { EventEmitter } from "node:events";
import { Delivery } from "../flows/delivery.js";
import { believablePacket, unbelievable } from "./framed-reader.js";
import { cutOffInFileHeader, cutOffInRecord, FILE_HEADER_BYTES, LINK_TYPE_MASK, RECORD_HEADER_BYTES } from "./pcap.js";
import type { CaptureReader, CaptureSummary, Damage, RecordSink } from "./record.js";

interface GlobalHeader {
  readonly snapshotLength: number;
  readonly linkLayerType: number;
}

interface PacketHeader {
  readonly timestampSeconds: number;
  readonly timestampMicroseconds: number;
  readonly capturedLength: number;
  readonly originalLength: number;
}

interface PcapParser {
  readonly endianness: "LE" | "BE" | null;
  on(event: "globalHeader", listener: (header: GlobalHeader) => void): void;
  on(event: "packetHeader", listener: (header: PacketHeader) => void): void;
  on(event: "packet", listener: (packet: { header: PacketHeader; data: Uint8Array }) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

type Parse = (input: EventEmitter) => PcapParser;

/** Loads the package and returns what makes readers of it. */
export async function loadPcapParser(): Promise<(sink: RecordSink) => CaptureReader> {
  // @ts-expect-error: the package has no types; those above are what is used of it
  const { default: pcapParser } = (await import("pcap-parser")) as { default: { parse: Parse } };
  return (sink) => new PcapParserReader(sink, pcapParser.parse);
}

/** What the package takes for a stream: it only listens to it, and starts it. */
class Input extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

/** Thrown out of a listener, through the package, to keep it from going on. */
const STOP = new Error("stop");

class PcapParserReader implements CaptureReader {
  readonly #delivery: Delivery;
  readonly #input = new Input();
  readonly #parser: PcapParser;
  #header: GlobalHeader | null = null;
  #damage: Damage | null = null;
  #first: PacketHeader | null = null;
  #pushedBytes = 0;
  /** Offset of the first record that was not handed on. */
  #usedBytes = 0;
  /** Length of that record, its header counted; as far as it is known. */
  #need = RECORD_HEADER_BYTES;

  constructor(sink: RecordSink, parse: Parse) {
    this.#delivery = new Delivery(sink);
    this.#parser = parse(this.#input);
    this.#parser.on("globalHeader", (header) => this.#begin(header));
    this.#parser.on("packetHeader", (header) => this.#believe(header));
    this.#parser.on("packet", ({ header, data }) => this.#hand(header, data));
    this.#parser.on("error", (error) => {
      this.#damaged(
        `${error.message} (pcap-parser reads classic pcap with microseconds only; --reader netlat reads more)`,
      );
    });
  }

  get finished(): boolean {
    return this.#damage !== null;
  }

  push(chunk: Uint8Array): void {
    if (this.#damage !== null) return;
    this.#pushedBytes += chunk.length;
    try {
      this.#input.emit("data", Buffer.from(chunk));
    } catch (error) {
      if (error !== STOP) throw error;
    }
  }

  end(): CaptureSummary {
    const left = this.#pushedBytes - this.#usedBytes;
    if (this.#damage === null && this.#pushedBytes === 0) this.#damaged("empty");
    if (this.#damage === null && this.#header === null) this.#damaged(cutOffInFileHeader(left));
    if (this.#damage === null && left > 0) {
      this.#damaged(cutOffInRecord(this.#delivery.packets + 1, left, RECORD_HEADER_BYTES, this.#need));
    }
    return this.#summary();
  }

  #begin(header: GlobalHeader): void {
    this.#header = header;
    this.#usedBytes = FILE_HEADER_BYTES;
    this.#delivery.record.linkType = header.linkLayerType & LINK_TYPE_MASK;
  }

  #believe(header: PacketHeader): void {
    const believable = believablePacket(this.#header!.snapshotLength);
    this.#need = RECORD_HEADER_BYTES + header.capturedLength;
    if (header.capturedLength <= believable) return;
    this.#damaged(unbelievable(this.#delivery.packets + 1, header.capturedLength, believable));
    throw STOP;
  }

  #hand(header: PacketHeader, data: Uint8Array): void {
    this.#first ??= header;
    this.#usedBytes += RECORD_HEADER_BYTES + header.capturedLength;
    this.#delivery.record.bytes = data;
    const seconds = header.timestampSeconds - this.#first.timestampSeconds;
    const microseconds = header.timestampMicroseconds - this.#first.timestampMicroseconds;
    this.#delivery.hand(seconds * 1e9 + microseconds * 1000, 0, header.capturedLength, header.originalLength);
  }

  #damaged(says: string): void {
    this.#damage ??= { atByte: this.#usedBytes, afterPacket: this.#delivery.packets, says };
  }

  #summary(): CaptureSummary {
    const { packets, capturedBytes, durationNs, backwards, record } = this.#delivery;
    const first = this.#first;
    return {
      format: "pcap",
      variant: `pcap, ${this.#parser.endianness === "BE" ? "big" : "little"}-endian, microseconds`,
      linkTypes: this.#header === null ? [] : [record.linkType],
      packets,
      capturedBytes,
      firstPacketEpochNs:
        first === null
          ? null
          : BigInt(first.timestampSeconds) * 1_000_000_000n + BigInt(first.timestampMicroseconds) * 1000n,
      durationNs,
      snapLength: this.#header?.snapshotLength || null,
      dropped: null,
      skipped: {},
      damage: this.#damage,
      backwards,
    };
  }
}
