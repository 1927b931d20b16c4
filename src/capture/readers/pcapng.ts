/**
 * pcapng (draft-ietf-opsawg-pcapng; libpcap sf-pcapng.c, Wireshark wiretap/pcapng.c). Every block tells its type and length at
 * both ends. The loop over packet blocks is hot: no allocation, no BigInt per packet. `npm run bench -- pcap` watches it.
 */
import { FramedReader, MAX_BLOCK_BYTES, unbelievable, viewOf } from "./framed-reader.js";
import type { CaptureInterface } from "./pcapng-interface.js";
import { PcapngSections } from "./pcapng-sections.js";
import type { CaptureSummary, Damage, RecordSink, SecretsSink } from "./record.js";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;

/** Type and length before the body, length after it. */
const BLOCK_HEADER_BYTES = 8;
const TRAILER_BYTES = 4;
/** Least whole length of the blocks that are read. */
const LEAST_BYTES: ReadonlyMap<number, number> = new Map([
  [SECTION_HEADER, 28],
  [INTERFACE_DESCRIPTION, 20],
  [OBSOLETE_PACKET, 32],
  [SIMPLE_PACKET, 16],
  [INTERFACE_STATISTICS, 24],
  [ENHANCED_PACKET, 32],
]);
const PASSED_OVER: ReadonlyMap<number, string> = new Map([
  [4, "name resolution block"],
  [9, "systemd journal block"],
  [DECRYPTION_SECRETS, "decryption secrets block"],
  [0xbad, "custom block"],
  [0x40000bad, "custom block"],
]);

/** Whether a file that begins with these bytes (4 or more) is pcapng: its first block's type reads the same both ways. */
export function beginsPcapng(bytes: Uint8Array): boolean {
  return viewOf(bytes).getUint32(0) === SECTION_HEADER;
}

export class PcapngReader extends FramedReader {
  readonly #sections = new PcapngSections();
  readonly #skipped = new Map<string, number>();
  readonly #secrets: SecretsSink | undefined;
  #littleEndian = true;
  #firstPacketEpochNs: bigint | null = null;
  /** Length of a block that was passed over, whose trailer must say the same; 0: none. */
  #trailer = 0;
  /** Whole length of the block that is incomplete, as far as it is known. */
  #blockBytes = 0;

  /** @param secrets takes what opens the connections in the file; without it such blocks are passed over */
  constructor(sink: RecordSink, secrets?: SecretsSink) {
    super(sink);
    this.#secrets = secrets;
    this.need = BLOCK_HEADER_BYTES;
  }

  protected frames(bytes: Uint8Array, from: number, end: number, offset: number): number {
    const view = viewOf(bytes);
    this.delivery.record.bytes = bytes;
    let pos = from;
    for (;;) {
      const left = end - pos;
      if (this.#trailer !== 0) {
        if (left < TRAILER_BYTES) return this.#wait(pos, TRAILER_BYTES);
        if (!this.#trailerHolds(view, pos, this.#trailer, offset + pos - from)) return pos;
        this.#trailer = 0;
        pos += TRAILER_BYTES;
        continue;
      }
      this.#blockBytes = 0;
      if (left < BLOCK_HEADER_BYTES) return this.#wait(pos, BLOCK_HEADER_BYTES);
      const type = view.getUint32(pos, this.#littleEndian);
      // A section header's byte order stands behind its length.
      if (type === SECTION_HEADER) {
        if (left < BLOCK_HEADER_BYTES + 4) return this.#wait(pos, BLOCK_HEADER_BYTES + 4);
        if (!this.#readByteOrder(view, pos, offset + pos - from)) return pos;
      }
      const length = view.getUint32(pos + 4, this.#littleEndian);
      const least = type === ENHANCED_PACKET ? 32 : this.#leastBytes(type, length);
      if (!this.#lengthHolds(type, length, least, offset + pos - from)) return pos;
      this.#blockBytes = length;
      if (least === 0) {
        pos = this.#passOver(type, length, pos, end);
        if (this.skip > 0) return end;
        continue;
      }
      if (left < length) return this.#wait(pos, length);
      if (!this.#trailerHolds(view, pos + length - TRAILER_BYTES, length, offset + pos - from)) return pos;
      this.#readBlock(view, type, pos, length, offset + pos - from);
      if (this.finished) return pos;
      pos += length;
    }
  }

  /** 0: a block that is not read. */
  #leastBytes(type: number, length: number): number {
    const reads = type === DECRYPTION_SECRETS && this.#secrets !== undefined && length <= MAX_BLOCK_BYTES;
    return reads ? 20 : (LEAST_BYTES.get(type) ?? 0);
  }

  #wait(pos: number, need: number): number {
    this.need = need;
    return pos;
  }

  /** libpcap and Wireshark too refuse lengths that are no multiple of 4, or below the least. */
  #lengthHolds(type: number, length: number, least: number, at: number): boolean {
    const most = least === 0 ? 0xffff_ffff : MAX_BLOCK_BYTES;
    if (length % 4 === 0 && length >= Math.max(12, least) && length <= most) return true;
    this.damaged(at, `a block of type ${type} claims a length of ${length} bytes`);
    return false;
  }

  #trailerHolds(view: DataView, pos: number, length: number, at: number): boolean {
    const trailer = view.getUint32(pos, this.#littleEndian);
    if (trailer === length) return true;
    this.damaged(at, `a block's length is ${length} at its beginning and ${trailer} at its end`);
    return false;
  }

  #readByteOrder(view: DataView, pos: number, at: number): boolean {
    const littleEndian = view.getUint32(pos + 8, true) === 0x1a2b3c4d;
    if (!littleEndian && view.getUint32(pos + 8, false) !== 0x1a2b3c4d) {
      this.damaged(at, "a section header without byte-order magic");
      return false;
    }
    this.#littleEndian = littleEndian;
    return true;
  }

  #passOver(type: number, length: number, pos: number, end: number): number {
    this.#count(PASSED_OVER.get(type) ?? "unknown block");
    this.#trailer = length;
    const body = length - BLOCK_HEADER_BYTES - TRAILER_BYTES;
    const here = Math.min(body, end - pos - BLOCK_HEADER_BYTES);
    this.skip = body - here;
    return pos + BLOCK_HEADER_BYTES + here;
  }

  #readBlock(view: DataView, type: number, pos: number, length: number, at: number): void {
    const bodyEnd = pos + length - TRAILER_BYTES;
    if (type === ENHANCED_PACKET) {
      this.#packet(view, view.getUint32(pos + 8, this.#littleEndian), pos, bodyEnd, at);
    } else if (type === OBSOLETE_PACKET) {
      this.#packet(view, view.getUint16(pos + 8, this.#littleEndian), pos, bodyEnd, at);
    } else if (type === SIMPLE_PACKET) {
      this.#simplePacket(view, pos, bodyEnd, at);
    } else if (type === INTERFACE_STATISTICS) {
      this.#statistics(view, pos, bodyEnd);
    } else if (type === INTERFACE_DESCRIPTION) {
      const known = this.#sections.addInterface(view, pos + 8, bodyEnd, this.#littleEndian);
      if (!known) this.#count("interface beyond the 65,536th");
    } else if (type === DECRYPTION_SECRETS) {
      const body = new Uint8Array(
        view.buffer,
        view.byteOffset + pos + BLOCK_HEADER_BYTES,
        bodyEnd - pos - BLOCK_HEADER_BYTES,
      );
      if (this.#secrets?.(body, this.#littleEndian) !== true) this.#count("decryption secrets block");
    } else this.#section(view, pos, at);
  }

  #section(view: DataView, pos: number, at: number): void {
    const major = view.getUint16(pos + 12, this.#littleEndian);
    if (major !== 1) this.damaged(at, `pcapng version ${major} is not known (1 is)`);
    else this.#sections.start(this.#littleEndian);
  }

  /** Enhanced and obsolete packet blocks differ in the width of the interface number only. */
  #packet(view: DataView, id: number, pos: number, bodyEnd: number, at: number): void {
    const source = this.#sections.interfaces[id];
    if (source === undefined) {
      this.#count("packet of an undeclared interface");
      return;
    }
    const littleEndian = this.#littleEndian;
    const high = view.getUint32(pos + 12, littleEndian);
    const low = view.getUint32(pos + 16, littleEndian);
    const captured = view.getUint32(pos + 20, littleEndian);
    const original = view.getUint32(pos + 24, littleEndian);
    if (!this.#believes(captured, bodyEnd - pos - 28, source, at)) return;
    if (!source.based) this.#startClock(source, high, low);
    this.delivery.record.linkType = source.linkType;
    this.delivery.hand(source.atNs(high, low), pos + 28, captured, original);
  }

  #startClock(source: CaptureInterface, high: number, low: number): void {
    const epochNs = source.epochNs(high, low);
    this.#firstPacketEpochNs ??= epochNs;
    source.startAt(high, low, Number(epochNs - this.#firstPacketEpochNs));
  }

  /** It has no time of its own: it gets its predecessor's. Nor a captured length: the least of all that bounds it. */
  #simplePacket(view: DataView, pos: number, bodyEnd: number, at: number): void {
    const source = this.#sections.interfaces[0];
    if (source === undefined) {
      this.#count("packet of an undeclared interface");
      return;
    }
    const original = view.getUint32(pos + 8, this.#littleEndian);
    const captured = Math.min(original, source.snapLength || original, bodyEnd - pos - 12);
    if (!this.#believes(captured, bodyEnd - pos - 12, source, at)) return;
    this.delivery.record.linkType = source.linkType;
    this.delivery.hand(this.delivery.lastNs, pos + 12, captured, original);
  }

  #believes(captured: number, room: number, source: CaptureInterface, at: number): boolean {
    const believable = Math.min(room, source.believable);
    if (captured <= believable) return true;
    this.damaged(at, unbelievable(this.delivery.packets + 1, captured, believable));
    return false;
  }

  #statistics(view: DataView, pos: number, bodyEnd: number): void {
    const source = this.#sections.interfaces[view.getUint32(pos + 8, this.#littleEndian)];
    if (source === undefined) this.#count("statistics of an undeclared interface");
    else source.readStatistics(view, pos + 20, bodyEnd, this.#littleEndian);
  }

  #count(reason: string): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
  }

  protected cutOff(have: number): string {
    if (this.#blockBytes === 0) return `cut off inside the header of a block: ${have} of ${this.need} bytes are there`;
    if (this.#trailer === 0) return `cut off inside a block: ${have} of ${this.#blockBytes} bytes are there`;
    return `cut off inside a block of ${this.#blockBytes} bytes`;
  }

  protected missing(): string | null {
    if (this.#trailer !== 0) return this.cutOff(0);
    return this.#sections.count === 0 ? "empty" : null;
  }

  protected summary(damage: Damage | null): CaptureSummary {
    const { packets, capturedBytes, durationNs, backwards } = this.delivery;
    const sections = this.#sections;
    return {
      format: "pcapng",
      variant: sections.variant(),
      linkTypes: sections.linkTypes(),
      packets,
      capturedBytes,
      firstPacketEpochNs: packets === 0 ? null : (this.#firstPacketEpochNs ?? 0n),
      durationNs,
      snapLength: sections.snapLength(),
      dropped: sections.dropped(),
      skipped: Object.fromEntries(this.#skipped),
      damage,
      backwards,
    };
  }
}
