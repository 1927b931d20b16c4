/** A request and its answer on a stream, whatever the application: what a probe's sample and a capture's exchange are made of. */
import type { H3Exchange } from "../../protocols/h3/observer.js";
import type { Sender } from "../../protocols/tls/plaintext.js";

/** Times are those of the datagrams that completed the bytes in question, in order. */
export interface QuicExchange {
  readonly streamId: number;
  readonly requestNs: number;
  /** The request's last byte; undefined: not seen. */
  readonly requestEndNs: number | undefined;
  readonly firstByteNs: number | undefined;
  readonly responseEndNs: number | undefined;
  /** On the stream, the application's framing included. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of the response: HTTP/3's DATA; of other streams all. */
  readonly contentBytes: number;
  /** The request began in 0-RTT. */
  readonly early: boolean;
  /** HTTP/3, printable; undefined: another protocol, or in QPACK's dynamic table, which is not followed. */
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly status: number | undefined;
  /** `open`: the connection ended first. `gap`: bytes are missing in the capture. `malformed`: not HTTP/3. */
  readonly outcome: "complete" | "reset" | "malformed" | "gap" | "open";
  /** Who reset the stream, or stopped the answer, and the error by name where the protocol has one. */
  readonly reset: { readonly by: Sender; readonly error: string } | undefined;
  /** Bytes of its stream went again, or waited for others ahead of them: lost, or overtaken. Rejected 0-RTT is neither. */
  readonly hit: boolean;
}

/** @returns without what only the connection knows: `hit` is false */
export function fromH3(exchange: H3Exchange): QuicExchange {
  return {
    streamId: exchange.streamId,
    requestNs: exchange.requestNs,
    requestEndNs: exchange.requestEndNs,
    firstByteNs: exchange.firstByteNs,
    responseEndNs: exchange.responseEndNs,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    contentBytes: exchange.contentBytes,
    early: exchange.early,
    method: exchange.method,
    path: exchange.path,
    status: exchange.status,
    outcome: exchange.outcome,
    reset: exchange.reset,
    hit: false,
  };
}
