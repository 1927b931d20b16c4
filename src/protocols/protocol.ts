/** A protocol knows bytes, not sockets: how to ask, where a careless client would cut, when the answer is whole. */
export interface Protocol {
  readonly name: ProtocolName;
  /** The bytes of one request. The same on every call. */
  request(): Uint8Array;
  /** Ascending offsets inside the request (0 < offset < length) at which a client that writes field by field would cut it. */
  fields(): readonly number[];
  /** A fresh reader for the answers of one connection. */
  answers(): AnswerReader;
}

export type ProtocolName = "memcached" | "redis" | "http1" | "dns" | "raw";

/** Requests as streams, many at once on a connection: HTTP/2, and gRPC on it. */
export type StreamRequest = Extract<RequestSpec, { protocol: "h2" }>;

/** A request of HTTP/3. */
export type H3Request = Extract<RequestSpec, { protocol: "h3" }>;

/**
 * Reads the answers on one connection. Survives any chunking; never throws, whatever the bytes.
 * One reader lives as long as its connection; after a complete answer it is ready for the next one.
 */
export interface AnswerReader {
  /**
   * Takes the bytes `chunk[start, end)`. When an answer ends inside them, `complete.end` is the index in `chunk` just behind
   * its last byte, and the caller pushes the rest again (pipelined answers). Bytes that came before an answer was asked for
   * are the caller's to judge. After `malformed` the reader stays malformed.
   */
  push(chunk: Uint8Array, start: number, end: number): AnswerState;
  /** The peer closed its side: completes an answer that is delimited by the close (HTTP/1.0), else stays `incomplete`. */
  close(): AnswerState;
}

export type AnswerState = Incomplete | Complete | Malformed;
export interface Incomplete {
  readonly state: "incomplete";
}
export interface Complete {
  readonly state: "complete";
  readonly end: number;
  /** `miss`: a normal answer that says there is nothing (memcached END, redis nil, HTTP 404). `error`: the server refused. */
  readonly kind: AnswerKind;
  /** What the server said, for kind `error`: one line, at most 120 characters, printable. */
  readonly detail?: string;
  /** The server will close this connection after the answer (HTTP `Connection: close`). */
  readonly closes?: boolean;
}
export interface Malformed {
  readonly state: "malformed";
  /** One phrase that names what was expected and the bytes that came, printable. */
  readonly reason: string;
}
export type AnswerKind = "value" | "miss" | "error";

/** The one `incomplete` there is: a push per packet must not allocate. */
export const INCOMPLETE: Incomplete = Object.freeze({ state: "incomplete" });

/** What a request asks for, as plain data: it travels to the worker thread, which builds the protocol there. */
export type RequestSpec =
  | { readonly protocol: "memcached"; readonly command: "get"; readonly key: string }
  | { readonly protocol: "memcached"; readonly command: "version" }
  /** A value to store makes the request as large as wanted: `set key 0 0 N`. */
  | { readonly protocol: "memcached"; readonly command: "set"; readonly key: string; readonly payloadBytes: number }
  | { readonly protocol: "redis"; readonly style: "resp" | "inline"; readonly words: readonly string[] }
  | {
      readonly protocol: "http1";
      readonly method: string;
      /** Path and query, such as `/a?b=c`. */
      readonly path: string;
      /** The Host header's value. */
      readonly host: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      /** Empty: none. */
      readonly body: Uint8Array;
    }
  | {
      readonly protocol: "h2";
      readonly method: string;
      readonly path: string;
      readonly scheme: "http" | "https";
      readonly authority: string;
      /** Without pseudo-headers; names in lower case. */
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: Uint8Array;
      /** Who says whether the answer is good: the HTTP status, or gRPC's status in the trailers. */
      readonly judgedBy: "http" | "grpc";
    }
  /** HTTP/3: a request is a stream of a QUIC connection. */
  | {
      readonly protocol: "h3";
      readonly method: string;
      readonly path: string;
      readonly authority: string;
      /** Without pseudo-headers; names in lower case. */
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: Uint8Array;
    }
  /** A question of one name, over QUIC (RFC 9250): each on a stream of its own. */
  | { readonly protocol: "dns"; readonly name: string; readonly type: string }
  | { readonly protocol: "raw"; readonly send: Uint8Array; readonly expect: Expectation };

/** When a raw answer is whole. */
export type Expectation =
  | { readonly until: "bytes"; readonly count: number }
  | { readonly until: "line" }
  | { readonly until: "text"; readonly text: string }
  | { readonly until: "regex"; readonly source: string }
  /** The end of the stream: the server has no more to say. */
  | { readonly until: "end" };

/** Where to connect and what to ask; pure data. */
export interface Target {
  /** As the user typed it, without credentials. */
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly transport: "tcp" | "tls" | "quic";
  /** QUIC: the protocols that the endpoint says to offer; the first is that of the request. */
  readonly alpn?: readonly string[];
  readonly request: RequestSpec;
}
