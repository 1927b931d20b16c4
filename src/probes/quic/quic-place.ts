/** A place on a QUIC connection. */
import { type PlaceOwner, StreamPlace } from "../stream-place.js";
import type { StreamAnswer } from "./dialect.js";

/** The connection that a request is on. */
interface Carrier {
  readonly established: boolean;
  cancel(place: QuicPlace): void;
}

export class QuicPlace extends StreamPlace {
  protected readonly owner: PlaceOwner<QuicPlace>;
  /** Where the request that runs is; null: none runs, or it waits for a connection or a stream. */
  link: Carrier | null = null;
  streamId = -1;
  answer: StreamAnswer | null = null;
  /** Bytes of the request that were written, and the piece that is being written. */
  sentBytes = 0;
  piece = 0;
  /** When it went out in 0-RTT; NaN: it did not, or went again later. */
  earlyNs = Number.NaN;
  /** When it first went out in 0-RTT that the server then refused; NaN: that did not happen, or it has gone again since. */
  refusedNs = Number.NaN;

  constructor(owner: PlaceOwner<QuicPlace>, connection: number, index: number) {
    super(connection, index);
    this.owner = owner;
  }

  protected onBegin(): void {
    this.refusedNs = Number.NaN;
  }

  override blank(): void {
    super.blank();
    this.link = null;
    this.streamId = -1;
    this.answer = null;
    this.sentBytes = 0;
    this.piece = 0;
    this.earlyNs = Number.NaN;
  }

  protected override writeSays(): string | undefined {
    return Number.isNaN(this.earlyNs) ? undefined : "in 0-RTT";
  }
}
