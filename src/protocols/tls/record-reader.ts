/**
 * Cuts one direction of a connection into TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2.1). Takes any chunking, holds one
 * incomplete record at most, and finds the next record again behind bytes that are missing.
 */

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

const HEADER_BYTES = 5;
/** RFC 5246 section 6.2.3: 2^14 + 2048; TLS 1.3 allows less. */
const MAX_FRAGMENT = 16_384 + 2048;
/** A chunk is taken in slices, so that what is held stays bounded by this and one record. */
const SLICE_BYTES = 32_768;
/** Places behind a gap that look like a record and are none, until the search is given up; chance gives one in ten million. */
const MAX_FALSE_STARTS = 64;

/** Views into a buffer that is used again: valid during the call. */
export interface TlsRecord {
  readonly type: number;
  /** The 5 bytes ahead of the fragment. */
  readonly header: Uint8Array;
  readonly fragment: Uint8Array;
  /** Stream positions of the header's first byte and of the byte behind the fragment. */
  readonly start: number;
  readonly end: number;
}

/** @returns whether it is a record; asked for only while the reader searches */
export type RecordSink = (record: TlsRecord) => boolean;

export class RecordReader {
  readonly #sink: RecordSink;
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #searching = false;
  #falseStarts = 0;
  /** Stream position behind the last byte taken; NaN: none yet. */
  position = Number.NaN;
  /** Records given to the sink. */
  records = 0;
  /** Why no record can be found any more. */
  trouble: string | undefined;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  /** The bytes up to `position` are missing: what is held is worth nothing, and the next record is searched for. */
  gap(position: number): void {
    this.#heldBytes = 0;
    this.#searching = true;
    this.#falseStarts = 0;
    this.position = position;
  }

  /** Takes the bytes that follow at `position`. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.trouble === undefined; at += SLICE_BYTES) {
      this.#slice(bytes.subarray(at, at + SLICE_BYTES));
    }
  }

  #slice(bytes: Uint8Array): void {
    const all = this.#join(bytes);
    const first = this.position - (all.length - bytes.length);
    this.position += bytes.length;
    let at = 0;
    while (all.length - at >= HEADER_BYTES && this.trouble === undefined) {
      const end = at + HEADER_BYTES + all[at + 3]! * 256 + all[at + 4]!;
      const plausible = isHeader(all, at, this.#searching);
      if (plausible && end > all.length) break;
      if (plausible) {
        this.records++;
        const isRecord = this.#sink({
          type: all[at]!,
          header: all.subarray(at, at + HEADER_BYTES),
          fragment: all.subarray(at + HEADER_BYTES, end),
          start: first + at,
          end: first + end,
        });
        if (!this.#searching || isRecord) {
          this.#searching = false;
          at = end;
          continue;
        }
        if (++this.#falseStarts === MAX_FALSE_STARTS) this.trouble = "no record could be found again behind lost bytes";
      } else if (!this.#searching) this.trouble = "bytes that are no TLS record";
      at++;
    }
    this.#hold(all.subarray(at));
  }

  #join(bytes: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return bytes;
    const needed = this.#heldBytes + bytes.length;
    if (needed > this.#held.length) {
      const wider = new Uint8Array(Math.max(needed, 2 * this.#held.length));
      wider.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = wider;
    }
    this.#held.set(bytes, this.#heldBytes);
    return this.#held.subarray(0, needed);
  }

  #hold(rest: Uint8Array): void {
    this.#heldBytes = rest.length;
    if (rest.length > this.#held.length) this.#held = new Uint8Array(Math.max(rest.length, 2048));
    this.#held.set(rest); // TypedArray.set copes with views of the same buffer
  }
}

/** @param strict it is searched for among any bytes: protected records of 1.2 and 1.3 name the version 3.3 */
function isHeader(bytes: Uint8Array, at: number, strict: boolean): boolean {
  const type = bytes[at]!;
  const minor = bytes[at + 2]!;
  const length = bytes[at + 3]! * 256 + bytes[at + 4]!;
  if (type < RECORD.changeCipherSpec || type > RECORD.applicationData + 1 || bytes[at + 1] !== 3) return false;
  return length <= MAX_FRAGMENT && (strict ? minor === 3 && length > 0 : minor <= 4);
}
