import type { QuicConnection } from "../../quic/connection.js";

/** What goes out on one stream, as fast as the client and the path take it. */
export class Outgoing {
  readonly #connection: QuicConnection;
  readonly #streamId: number;
  readonly #pieces: Iterator<Uint8Array>;
  readonly #ends: boolean;
  /** So many pieces, from the first on, leave in datagrams of their own. */
  #apart: number;
  #piece: Uint8Array | undefined;
  #next: Uint8Array | undefined;

  /**
   * @param ends the stream does, behind the last piece
   * @param sizes of the parts in which the first piece leaves; the rest of it is the last part
   */
  constructor(
    connection: QuicConnection,
    streamId: number,
    pieces: Iterator<Uint8Array>,
    { ends, sizes = [] }: { readonly ends: boolean; readonly sizes?: readonly number[] },
  ) {
    this.#connection = connection;
    this.#streamId = streamId;
    this.#pieces = sizes.length === 0 ? pieces : cutFirst(pieces, sizes);
    this.#ends = ends;
    this.#apart = sizes.length;
    this.#piece = this.#pull();
    this.#next = this.#pull();
  }

  /**
   * Writes as much as is taken.
   * @returns `more`: the rest when the stream is writable again; `gone`: nobody wants it
   */
  pump(): "done" | "more" | "gone" {
    while (this.#piece !== undefined) {
      const piece = this.#piece;
      const taken = this.#connection.write(this.#streamId, piece, this.#ends && this.#next === undefined);
      if (taken === undefined) return "gone";
      if (taken < piece.length) {
        this.#piece = piece.subarray(taken);
        return "more";
      }
      this.#piece = this.#next;
      this.#next = this.#pull();
      if (this.#apart > 0) {
        this.#apart--;
        this.#connection.flush();
      }
    }
    return "done";
  }

  #pull(): Uint8Array | undefined {
    const { value, done } = this.#pieces.next();
    return done ? undefined : value;
  }
}

function* cutFirst(pieces: Iterator<Uint8Array>, sizes: readonly number[]): Generator<Uint8Array> {
  const first = pieces.next();
  if (first.done) return;
  let rest: Uint8Array = first.value;
  for (const size of sizes) {
    if (size >= rest.length) break;
    yield rest.subarray(0, size);
    rest = rest.subarray(size);
  }
  yield rest;
  for (let piece = pieces.next(); !piece.done; piece = pieces.next()) yield piece.value;
}
