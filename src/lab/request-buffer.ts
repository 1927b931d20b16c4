/** Bytes of a connection that wait to be understood as requests: appended as they come, taken away as lines and as counts. */
export class RequestBuffer {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next line, in latin1 so that every byte survives, without its LF or CRLF.
   * @param most bytes that a line may have before its LF
   * @returns undefined: there is no whole line yet. "overlong": there will be none that is short enough
   */
  line(most: number): { text: string } | "overlong" | undefined {
    const bytes = this.#joined();
    const end = bytes.indexOf(LF);
    if (end > most || (end < 0 && bytes.length > most)) return "overlong";
    if (end < 0) return undefined;
    this.drop(end + 1);
    const text = bytes.toString("latin1", 0, end);
    return { text: text.endsWith("\r") ? text.slice(0, -1) : text };
  }

  /** Exactly `count` bytes, or undefined while there are fewer. */
  take(count: number): Buffer | undefined {
    if (this.#length < count) return undefined;
    const bytes = this.#joined();
    this.drop(count);
    return bytes.subarray(0, count);
  }

  /** Throws away up to `count` bytes and says how many there were. */
  drop(count: number): number {
    let left = Math.min(count, this.#length);
    const dropped = left;
    this.#length -= dropped;
    while (left > 0) {
      const first = this.#chunks[0] as Buffer;
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left);
        return dropped;
      }
      left -= first.length;
      this.#chunks.shift();
    }
    return dropped;
  }

  /** Joins only when somebody looks: a large value comes in many chunks and is looked at once. */
  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }
}

const LF = 0x0a;
