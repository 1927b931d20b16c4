/**
 * Classic pcap (draft-ietf-opsawg-pcap; libpcap sf-pcap.c). The loop over records is hot: one packet must cost some
 * nanoseconds, so there is one DataView per chunk, no call but the sink's and no allocation. `npm run bench -- pcap` watches it.
 */
import { believablePacket, FramedReader, unbelievable, viewOf } from "./framed-reader.js";
import type { CaptureSummary, Damage, RecordSink } from "./record.js";

export const FILE_HEADER_BYTES = 24;
export const RECORD_HEADER_BYTES = 16;
/** Alexey Kuznetzov's patched libpcap: interface index, protocol and packet type follow the lengths. */
const MODIFIED_RECORD_HEADER_BYTES = 24;
/** The upper half of the link type field tells the length of the frame check sequence (libpcap LT_FCS_LENGTH). */
export const LINK_TYPE_MASK = 0xffff;

interface Variant {
  readonly name: string;
  readonly nsPerUnit: number;
  readonly recordHeaderBytes: number;
}

const VARIANTS: ReadonlyMap<number, Variant> = new Map([
  [0xa1b2c3d4, { name: "microseconds", nsPerUnit: 1000, recordHeaderBytes: RECORD_HEADER_BYTES }],
  [0xa1b23c4d, { name: "nanoseconds", nsPerUnit: 1, recordHeaderBytes: RECORD_HEADER_BYTES }],
  [0xa1b2cd34, { name: "microseconds, modified", nsPerUnit: 1000, recordHeaderBytes: MODIFIED_RECORD_HEADER_BYTES }],
]);

/** What the first four bytes of a file say: its variant and byte order; null: not classic pcap. */
function variantOf(view: DataView): { variant: Variant; littleEndian: boolean } | null {
  for (const littleEndian of [true, false]) {
    const variant = VARIANTS.get(view.getUint32(0, littleEndian));
    if (variant !== undefined) return { variant, littleEndian };
  }
  return null;
}

/** Whether a file that begins with these bytes (4 or more) is classic pcap. */
export function beginsPcap(bytes: Uint8Array): boolean {
  return variantOf(viewOf(bytes)) !== null;
}

/** What is wrong with a file that ends in its header. */
export function cutOffInFileHeader(have: number): string {
  return `cut off inside the file header: ${have} of ${FILE_HEADER_BYTES} bytes are there`;
}

/** What is wrong with a file that ends in a record of `need` bytes, its header counted; with less than a header, `need` is not known. */
export function cutOffInRecord(number: number, have: number, headerBytes: number, need: number): string {
  if (have < headerBytes)
    return `cut off inside the header of packet ${number}: ${have} of ${headerBytes} bytes are there`;
  return `cut off inside packet ${number}: ${have - headerBytes} of ${need - headerBytes} bytes are there`;
}

/** Are captured and original length the other way round (libpcap: LENGTHS swapped before 2.3, perhaps in 2.3, and in 543.0)? */
type LengthOrder = "usual" | "swapped" | "perhaps-swapped";

export class PcapReader extends FramedReader {
  #headerRead = false;
  #variant: Variant = VARIANTS.get(0xa1b2c3d4)!;
  #littleEndian = true;
  #lengthOrder: LengthOrder = "usual";
  #snapLength = 0;
  #believable = 0;
  #linkType = -1;
  #firstSecond = 0;
  #firstFraction = 0;

  constructor(sink: RecordSink) {
    super(sink);
    this.need = FILE_HEADER_BYTES;
  }

  protected frames(bytes: Uint8Array, pos: number, end: number, offset: number): number {
    if (this.#headerRead) return this.#records(bytes, pos, end, offset);
    if (end - pos < FILE_HEADER_BYTES) return pos;
    this.#readHeader(viewOf(bytes), pos, offset);
    this.need = this.#variant.recordHeaderBytes;
    if (this.finished) return pos;
    return this.#records(bytes, pos + FILE_HEADER_BYTES, end, offset + FILE_HEADER_BYTES);
  }

  #readHeader(view: DataView, pos: number, offset: number): void {
    const found = variantOf(new DataView(view.buffer, view.byteOffset + pos, FILE_HEADER_BYTES));
    if (found === null) {
      this.damaged(offset, "not a classic pcap file");
      return;
    }
    const { variant, littleEndian } = found;
    this.#variant = variant;
    this.#littleEndian = littleEndian;
    const major = view.getUint16(pos + 4, littleEndian);
    const minor = view.getUint16(pos + 6, littleEndian);
    if (major !== 2 && major !== 543) {
      this.damaged(offset, `pcap version ${major}.${minor} is not known (2.4 is)`);
      return;
    }
    if (major === 543 || minor < 3) this.#lengthOrder = "swapped";
    else if (minor === 3) this.#lengthOrder = "perhaps-swapped";
    this.#snapLength = view.getUint32(pos + 16, littleEndian);
    this.#believable = believablePacket(this.#snapLength);
    this.#linkType = view.getUint32(pos + 20, littleEndian) & LINK_TYPE_MASK;
    this.delivery.record.linkType = this.#linkType;
    this.#headerRead = true;
  }

  #records(bytes: Uint8Array, from: number, end: number, offset: number): number {
    const view = viewOf(bytes);
    const littleEndian = this.#littleEndian;
    const headerBytes = this.#variant.recordHeaderBytes;
    const nsPerUnit = this.#variant.nsPerUnit;
    const believable = this.#believable;
    const usualOrder = this.#lengthOrder === "usual";
    const delivery = this.delivery;
    delivery.record.bytes = bytes;
    let pos = from;
    while (end - pos >= headerBytes) {
      let captured = view.getUint32(pos + 8, littleEndian);
      let original = view.getUint32(pos + 12, littleEndian);
      if (!usualOrder && this.#areSwapped(captured, original)) [captured, original] = [original, captured];
      if (captured > believable) {
        this.damaged(offset + pos - from, unbelievable(delivery.packets + 1, captured, believable));
        return pos;
      }
      const start = pos + headerBytes;
      if (captured > end - start) {
        this.need = headerBytes + captured;
        return pos;
      }
      const second = view.getUint32(pos, littleEndian);
      const fraction = view.getUint32(pos + 4, littleEndian);
      if (delivery.packets === 0) {
        this.#firstSecond = second;
        this.#firstFraction = fraction;
      }
      // Whole numbers below 2^53 for 104 days: exact.
      const atNs = (second - this.#firstSecond) * 1e9 + (fraction - this.#firstFraction) * nsPerUnit;
      delivery.hand(atNs, start, captured, original);
      pos = start + captured;
    }
    this.need = headerBytes;
    return pos;
  }

  #areSwapped(captured: number, original: number): boolean {
    return this.#lengthOrder === "swapped" || captured > original;
  }

  protected cutOff(have: number): string {
    if (!this.#headerRead) return cutOffInFileHeader(have);
    const headerBytes = this.#variant.recordHeaderBytes;
    return cutOffInRecord(this.delivery.packets + 1, have, headerBytes, this.need);
  }

  protected missing(): string | null {
    return this.#headerRead ? null : "empty";
  }

  protected summary(damage: Damage | null): CaptureSummary {
    const { packets, capturedBytes, durationNs, backwards } = this.delivery;
    const first = BigInt(this.#firstSecond) * 1_000_000_000n + BigInt(this.#firstFraction * this.#variant.nsPerUnit);
    return {
      format: "pcap",
      variant: `pcap, ${this.#littleEndian ? "little" : "big"}-endian, ${this.#variant.name}`,
      linkTypes: this.#headerRead ? [this.#linkType] : [],
      packets,
      capturedBytes,
      firstPacketEpochNs: packets === 0 ? null : first,
      durationNs,
      snapLength: this.#snapLength === 0 ? null : this.#snapLength,
      dropped: null,
      skipped: {},
      damage,
      backwards,
    };
  }
}
