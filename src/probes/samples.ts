/** Samples of a block as columns of numbers: cheap to add to in a hot loop, cheap to hand from thread to thread. */

/** Why a request gave no usable answer. `unsent`: open loop, it was due but no connection was free before the block ended. */
export const FAILURES = [
  "timeout",
  "reset",
  "closed",
  "malformed",
  "refused",
  "unreachable",
  "tls",
  "error-answer",
  "unsent",
] as const;
export type Failure = (typeof FAILURES)[number];

/** Status column: 0 value, 1 miss, 2 + index into FAILURES. */
export const STATUS_VALUE = 0;
export const STATUS_MISS = 1;
export const statusOf = (failure: Failure): number => 2 + FAILURES.indexOf(failure);
export const failureOf = (status: number): Failure | undefined => FAILURES[status - 2];

const COLUMNS = [
  "intendedNs",
  "startNs",
  "wholeNs",
  "readyNs",
  "firstByteNs",
  "endNs",
  "heldNs",
  "ackDelayNs",
  "status",
  "connection",
  "ordinal",
  "wireNs",
  "turnNs",
  "windowNs",
] as const;
type Column = (typeof COLUMNS)[number];

/**
 * Times are nanoseconds on the block's own clock (any origin).
 * - intendedNs: when the request was due (closed loop: when the connection became free)
 * - readyNs: when it could have been sent at the earliest: due, and a connection free. startNs - readyNs is our own lag
 * - startNs: just before the first write (reuse off: before the connect)
 * - wholeNs: just before the last piece was written, on an open connection: from here on the server has all it needs; NaN: it
 *   never was
 * - firstByteNs, endNs: first answer byte read, whole answer read; NaN when it did not come. endNs of a failure: when it failed
 * - heldNs: time lost because Nagle's algorithm held data back (kernel timestamps); NaN: not seen
 * - ackDelayNs: where data was held back, how long the ACK took that it waited for; else the ACK of the last piece, where it came
 *   alone, before the first answer byte; NaN: not seen
 * - ordinal: 0 for the first request on its connection
 * - wireNs: where several requests share a connection, just before this one's first byte was written; NaN: at startNs
 * - windowNs: HTTP/2: how long the request's body waited for window; NaN: no stream
 * - turnNs: where answers come in order, when all requests before it on its connection had been answered; NaN: it did not wait for any
 */
export type SampleColumns = { readonly length: number } & { readonly [C in Column]: Float64Array };

export class SampleRecorder {
  #capacity: number;
  #length = 0;
  #columns: { [C in Column]: Float64Array };

  constructor(capacity = 1024) {
    this.#capacity = Math.max(16, capacity);
    this.#columns = Object.fromEntries(COLUMNS.map((c) => [c, new Float64Array(this.#capacity)])) as {
      [C in Column]: Float64Array;
    };
  }

  get length(): number {
    return this.#length;
  }

  add(
    intendedNs: number,
    readyNs: number,
    startNs: number,
    wholeNs: number,
    firstByteNs: number,
    endNs: number,
    heldNs: number,
    ackDelayNs: number,
    status: number,
    connection: number,
    ordinal: number,
    wireNs = Number.NaN,
    turnNs = Number.NaN,
    windowNs = Number.NaN,
  ): void {
    if (this.#length === this.#capacity) this.#grow();
    const at = this.#length++;
    const columns = this.#columns;
    columns.intendedNs[at] = intendedNs;
    columns.readyNs[at] = readyNs;
    columns.startNs[at] = startNs;
    columns.wholeNs[at] = wholeNs;
    columns.firstByteNs[at] = firstByteNs;
    columns.endNs[at] = endNs;
    columns.heldNs[at] = heldNs;
    columns.ackDelayNs[at] = ackDelayNs;
    columns.status[at] = status;
    columns.connection[at] = connection;
    columns.ordinal[at] = ordinal;
    columns.wireNs[at] = wireNs;
    columns.turnNs[at] = turnNs;
    columns.windowNs[at] = windowNs;
  }

  /** The columns, cut to length. Each has its own buffer, which may be transferred. */
  columns(): SampleColumns {
    const cut = Object.fromEntries(COLUMNS.map((c) => [c, this.#columns[c].slice(0, this.#length)]));
    return { length: this.#length, ...(cut as { [C in Column]: Float64Array }) };
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const name of COLUMNS) {
      const wider = new Float64Array(this.#capacity);
      wider.set(this.#columns[name]);
      this.#columns[name] = wider;
    }
  }
}
