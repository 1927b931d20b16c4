import { CaptureInterface } from "./pcapng-interface.js";

/** More interfaces than a section can reasonably have: a file of nothing else must not fill the memory. */
const MAX_INTERFACES = 65_536;

/** The interfaces of the current section of a pcapng file, and what is remembered of all sections. */
export class PcapngSections {
  /** Of the current section, by their number in it. */
  interfaces: CaptureInterface[] = [];
  count = 0;
  #interfaceCount = 0;
  #littleEndian = 0;
  #droppedBefore: number | null = null;
  #snapLength = 0;
  #unlimited = false;
  readonly #linkTypes = new Set<number>();

  /** A section header: interfaces are numbered anew. */
  start(littleEndian: boolean): void {
    this.#droppedBefore = this.dropped();
    this.interfaces = [];
    this.count++;
    if (littleEndian) this.#littleEndian++;
  }

  /** Reads an interface description's body; false: there are too many, it is left out. */
  addInterface(view: DataView, from: number, to: number, littleEndian: boolean): boolean {
    if (this.interfaces.length >= MAX_INTERFACES) return false;
    const added = new CaptureInterface(view, from, to, littleEndian);
    this.interfaces.push(added);
    this.#interfaceCount++;
    this.#linkTypes.add(added.linkType);
    if (added.snapLength === 0) this.#unlimited = true;
    this.#snapLength = Math.max(this.#snapLength, added.snapLength);
    return true;
  }

  /** In the order of their first appearance. */
  linkTypes(): number[] {
    return [...this.#linkTypes];
  }

  /** The largest of all interfaces; null: one has no limit, or there is none. */
  snapLength(): number | null {
    return this.#unlimited || this.#interfaceCount === 0 ? null : this.#snapLength;
  }

  /** Packets dropped on all interfaces of all sections so far; null: no statistics told. */
  dropped(): number | null {
    let dropped = this.#droppedBefore;
    for (const one of this.interfaces) {
      if (one.dropped !== null) dropped = (dropped ?? 0) + one.dropped;
    }
    return dropped;
  }

  /** For people: `pcapng, little-endian, 2 sections, 3 interfaces`. */
  variant(): string {
    const order =
      this.#littleEndian === this.count
        ? "little-endian"
        : this.#littleEndian === 0
          ? "big-endian"
          : "both byte orders";
    const words = ["pcapng", order];
    if (this.count > 1) words.push(`${this.count} sections`);
    words.push(this.#interfaceCount === 1 ? "1 interface" : `${this.#interfaceCount} interfaces`);
    return words.join(", ");
  }
}
