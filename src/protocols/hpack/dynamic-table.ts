/** The dynamic table of HPACK (RFC 7541 sections 2.3.2 and 4): newest first, bounded in bytes, oldest evicted. */
import { ENTRY_OVERHEAD_BYTES, type HeaderField } from "./field.js";

export class DynamicTable {
  /** A ring: the newest entry stands at `#newest`, older ones behind it. */
  #ring: (HeaderField | undefined)[] = new Array(16);
  #newest = 0;
  #maxBytes: number;
  /** How many entries there are. */
  length = 0;
  bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** @param index 0 is the newest entry */
  at(index: number): HeaderField | undefined {
    return index < this.length ? this.#ring[(this.#newest + index) & (this.#ring.length - 1)] : undefined;
  }

  /** @returns whether something was evicted. A field larger than the table empties it and stays out (section 4.4). */
  insert(field: HeaderField): boolean {
    const size = field.name.length + field.value.length + ENTRY_OVERHEAD_BYTES;
    const evicted = this.#evictTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return true;
    if (this.length === this.#ring.length) this.#grow();
    this.#newest = (this.#newest - 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = field;
    this.length++;
    this.bytes += size;
    return evicted;
  }

  setMaxBytes(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  clear(): void {
    this.#evictTo(0);
  }

  #evictTo(bytes: number): boolean {
    const before = this.length;
    while (this.bytes > bytes && this.length > 0) {
      const oldest = (this.#newest + --this.length) & (this.#ring.length - 1);
      const field = this.#ring[oldest]!;
      this.#ring[oldest] = undefined;
      this.bytes -= field.name.length + field.value.length + ENTRY_OVERHEAD_BYTES;
    }
    return this.length < before;
  }

  #grow(): void {
    const wider: (HeaderField | undefined)[] = new Array(this.#ring.length * 2);
    for (let i = 0; i < this.length; i++) wider[i] = this.at(i);
    this.#ring = wider;
    this.#newest = 0;
  }
}
