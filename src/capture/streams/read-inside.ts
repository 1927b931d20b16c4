/** What was read inside of the connections of a capture. */
export interface ReadInside {
  /** Connections by what they spoke, such as `HTTP/2 in TLS`. */
  readonly read: Readonly<Record<string, number>>;
  /** Connections that could not be read, or not to their end, by reason. */
  readonly unread: Readonly<Record<string, number>>;
}

/** Reasons that are told apart. */
const MOST_REASONS = 20;

export class InsideCounts {
  readonly #read = new Map<string, number>();
  readonly #unread = new Map<string, number>();

  get told(): ReadInside {
    return { read: Object.fromEntries(this.#read), unread: Object.fromEntries(this.#unread) };
  }

  /** A connection was read. @param spoken what it spoke */
  read(spoken: string): void {
    count(this.#read, spoken);
  }

  /** A connection could not be read, or not to its end. */
  unread(reason: string): void {
    count(this.#unread, this.#unread.size < MOST_REASONS || this.#unread.has(reason) ? reason : "other reasons");
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
