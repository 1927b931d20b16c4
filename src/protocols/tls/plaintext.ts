/** What comes out of a TLS connection that can be read. */

export type Sender = "client" | "server";

/** A record's application data in the clear. */
export interface Plaintext {
  readonly from: Sender;
  /** The caller's own to keep. */
  readonly bytes: Uint8Array;
  /** Stream positions of its record: of the first byte of the header, and behind the last byte. */
  readonly start: number;
  readonly end: number;
  /** Early data (0-RTT): the server may reject it, and the client then sends it again. */
  readonly early: boolean;
  /** Plaintext of this sender is missing ahead of it. */
  readonly afterLoss: boolean;
}
