/** A place on a connection of HTTP/2. */
import type { H2Stream } from "../../protocols/h2/stream.js";
import type { HeaderField } from "../../protocols/hpack/field.js";
import { type PlaceOwner, StreamPlace } from "../stream-place.js";

const NOTHING = new Uint8Array();
const MAX_KEPT_BYTES = 4096;

export class H2Place extends StreamPlace {
  protected readonly owner: PlaceOwner<H2Place>;
  /** The request that runs; null: none, or it waits for a connection. */
  stream: H2Stream | null = null;
  response: readonly HeaderField[] = [];
  trailers: readonly HeaderField[] = [];
  /** The beginning of the answer's content, where somebody looks at it. */
  content: Uint8Array = NOTHING;
  /** The next request is the first of a measured block; the one that runs is. */
  slowNext = false;
  isSlow = false;

  constructor(owner: PlaceOwner<H2Place>, connection: number, index: number) {
    super(connection, index);
    this.owner = owner;
  }

  protected onBegin(): void {
    this.isSlow = this.slowNext;
    this.slowNext = false;
  }

  override blank(): void {
    super.blank();
    this.exchange.windowNs = 0;
    this.stream = null;
    this.response = [];
    this.trailers = [];
    this.content = NOTHING;
  }

  /** Content of the answer has come; the bytes are the reader's. */
  keep(bytes: Uint8Array): void {
    if (this.content.length < MAX_KEPT_BYTES) this.content = Buffer.concat([this.content, bytes]);
  }
}
