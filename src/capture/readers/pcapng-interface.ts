/** What an interface description block tells (draft-ietf-opsawg-pcapng 4.2), and its clock. */
import { believablePacket } from "./framed-reader.js";

const OPT_END = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
const DEFAULT_TSRESOL = 6;
const NS_PER_S = 1_000_000_000n;
const TWO_32 = 0x1_0000_0000;

/** Calls `each` with the code and place of every option in `[from, to)`; what is malformed ends the list. */
function eachOption(
  view: DataView,
  from: number,
  to: number,
  littleEndian: boolean,
  each: (code: number, at: number, length: number) => void,
): void {
  let pos = from;
  while (to - pos >= 4) {
    const code = view.getUint16(pos, littleEndian);
    const length = view.getUint16(pos + 2, littleEndian);
    if (code === OPT_END || length > to - pos - 4) return;
    each(code, pos + 4, length);
    pos += 4 + ((length + 3) & ~3);
  }
}

/**
 * An interface of the current section. Its times are 64-bit counts of units since the epoch: too long for a double, so each is
 * taken relative to the interface's first packet, whose own distance from the capture's first packet is worked out exactly, once.
 */
export class CaptureInterface {
  readonly linkType: number;
  /** 0: no limit told. */
  readonly snapLength: number;
  /** How many captured bytes of one packet are believed in. */
  readonly believable: number;
  /** Packets dropped according to its last statistics block; null: not told. */
  dropped: number | null = null;
  readonly #unitsPerSecond: bigint;
  readonly #offsetSeconds: bigint;
  /** A unit is `#nsFactor / #nsDivisor` ns; one of them is 1. */
  readonly #nsFactor: number;
  readonly #nsDivisor: number;
  #based = false;
  #baseHigh = 0;
  #baseLow = 0;
  #baseNs = 0;

  /** Reads the body of an interface description block, `[from, to)`, 8 bytes at least. */
  constructor(view: DataView, from: number, to: number, littleEndian: boolean) {
    this.linkType = view.getUint16(from, littleEndian);
    this.snapLength = view.getUint32(from + 4, littleEndian);
    this.believable = believablePacket(this.snapLength);
    let resolution = DEFAULT_TSRESOL;
    let offsetSeconds = 0n;
    eachOption(view, from + 8, to, littleEndian, (code, at, length) => {
      if (code === IF_TSRESOL && length >= 1) resolution = view.getUint8(at);
      if (code === IF_TSOFFSET && length >= 8) offsetSeconds = view.getBigInt64(at, littleEndian);
    });
    this.#offsetSeconds = offsetSeconds;
    // The most significant bit tells powers of two from powers of ten.
    this.#unitsPerSecond = resolution >= 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
    const whole = NS_PER_S % this.#unitsPerSecond === 0n;
    this.#nsFactor = whole ? Number(NS_PER_S / this.#unitsPerSecond) : 1;
    this.#nsDivisor = whole ? 1 : Number(this.#unitsPerSecond) / 1e9;
  }

  /** True once `startAt` was called. */
  get based(): boolean {
    return this.#based;
  }

  /** Nanoseconds since the epoch of a timestamp, exact (whole nanoseconds). */
  epochNs(high: number, low: number): bigint {
    const units = (BigInt(high) << 32n) | BigInt(low);
    return (units * NS_PER_S) / this.#unitsPerSecond + this.#offsetSeconds * NS_PER_S;
  }

  /** The interface's first packet has this timestamp, `atNs` after the capture's first. */
  startAt(high: number, low: number, atNs: number): void {
    this.#based = true;
    this.#baseHigh = high;
    this.#baseLow = low;
    this.#baseNs = atNs;
  }

  /** Nanoseconds since the capture's first packet. */
  atNs(high: number, low: number): number {
    const units = (high - this.#baseHigh) * TWO_32 + (low - this.#baseLow);
    if (this.#nsDivisor === 1) return this.#baseNs + units * this.#nsFactor;
    return this.#baseNs + Math.round(units / this.#nsDivisor);
  }

  /** Takes an interface statistics block's options: they count from the start, so the last one holds. */
  readStatistics(view: DataView, from: number, to: number, littleEndian: boolean): void {
    let dropped: number | null = null;
    eachOption(view, from, to, littleEndian, (code, at, length) => {
      if ((code !== ISB_IFDROP && code !== ISB_OSDROP) || length < 8) return;
      dropped = (dropped ?? 0) + Number(view.getBigUint64(at, littleEndian));
    });
    this.dropped = dropped ?? this.dropped;
  }
}
