/** The language of a lab server over QUIC: it understands what comes on streams, and knows the answer to each request. */
import type { Ns } from "../../units/duration.js";

export interface QuicReply {
  /** A delay of its own, instead of the server's. */
  readonly thinkNs?: Ns | undefined;
  /** The answer, made as it goes out, in pieces whose bytes do not change any more; the stream ends behind them. */
  pieces(): Iterator<Uint8Array>;
}

/** What a client did wrong. */
export interface QuicFault {
  /** A connection's ends it, a stream's breaks off one request. */
  readonly scope: "connection" | "stream";
  /** The application's. */
  readonly code: number;
  readonly reason: string;
}

export const isFault = (outcome: QuicReply | QuicFault): outcome is QuicFault => "scope" in outcome;

/** One request on a stream of its own. Never throws, whatever the bytes. */
export interface RequestStream {
  /** Its next bytes, valid only during the call. */
  push(bytes: Uint8Array): QuicFault | undefined;
  /** The client has ended it: the request is whole, or never will be. */
  end(): QuicReply | QuicFault;
}

/** Error codes of the application (RFC 9000 section 20.2). */
export interface ApplicationCodes {
  readonly noError: number;
  readonly internalError: number;
  /** Nobody wants the answer any more. */
  readonly cancelled: number;
  /** The request was not looked at. */
  readonly rejected: number;
}

/** Of one connection. */
export interface QuicDialect {
  readonly codes: ApplicationCodes;
  /** How the server's own unidirectional stream begins; undefined: it has none. */
  readonly greeting?: Uint8Array;
  /** Said on that stream before the end: no request is looked at from this stream ID on. */
  farewell?(firstRefused: number): Uint8Array;
  request(): RequestStream;
  /** Bytes of a unidirectional stream of the client, valid only during the call. */
  unidirectional(streamId: number, bytes: Uint8Array, ended: boolean): QuicFault | undefined;
}
