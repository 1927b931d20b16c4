/** What travels on the streams of a connection. The link opens, writes and reads streams; it does not know what they say. */
import type { Judged } from "../http2/h2-answer.js";

/** Reads the answer to one request. */
export interface StreamAnswer {
  /** Takes the next bytes of the stream. @returns what the answer comes to, when that is plain before the stream ends */
  push(bytes: Uint8Array): Judged | undefined;
  /** The stream has ended. */
  end(): Judged;
}

export interface OwnStream {
  readonly streamId: number;
  readonly bytes: Uint8Array;
}

/** One connection's worth of a dialect: it may remember what the server said on other streams. */
export interface DialectConnection {
  /** Streams that we open beside the requests, as soon as streams may be opened. They stay open. */
  readonly own: readonly OwnStream[];
  answer(): StreamAnswer;
  /**
   * Bytes on a stream that the server opened.
   * @returns `goaway`: no new requests on this connection, and those from this stream ID on are not answered; a fault ends it
   */
  fromServer(streamId: number, bytes: Uint8Array, ended: boolean): Goaway | ConnectionFault | undefined;
}

export interface Goaway {
  readonly goaway: number;
}

export interface ConnectionFault {
  readonly code: number;
  readonly says: string;
}

export interface StreamDialect {
  /** One request, and the offsets at which it is cut. */
  readonly request: Uint8Array;
  /** The application's error codes: all is well, and a request that is given up. */
  readonly closeCode: number;
  readonly cancelCode: number;
  /** The server's: it has not looked at the request, which may be asked again; undefined: there is none such. */
  readonly rejectedCode: number | undefined;
  readonly errorName: (code: number) => string;
  connection(): DialectConnection;
}
