/** Connections as scripts of sealed packets, over a path of 40 ms seen at the client: what the tests of QUIC in captures share. */
import * as h3 from "../../../src/protocols/h3/frame-writer.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import {
  type Bytes,
  clientHello,
  encryptedExtensions,
  FIRST_DCID,
  type From,
  finished,
  frames,
  parameter,
  seal,
  serverHello,
  varint,
} from "../../protocols/quic/endpoints.js";

export const MS = 1_000_000;

/** A datagram of a script. */
export interface Step {
  readonly from: From;
  readonly atNs: number;
  readonly datagram: Uint8Array;
}

export interface Shape {
  readonly alpn?: string;
  readonly earlyData?: "accepted" | "rejected";
  /** max_ack_delay of the server, milliseconds. */
  readonly maxAckDelayMs?: number;
}

export const initial = ({ alpn = "h3", earlyData }: Shape = {}): Uint8Array =>
  seal({
    from: "client",
    level: "initial",
    number: 0,
    payload: padded(frames.crypto(clientHello({ alpn, earlyData: earlyData !== undefined }))),
    dcid: FIRST_DCID,
  });

/** A client's first datagram has at least 1200 bytes (RFC 9000 section 14.1). */
const padded = (payload: readonly number[]): number[] => [...payload, ...Array<number>(1200 - payload.length).fill(0)];

export function serverFlight({ alpn = "h3", earlyData, maxAckDelayMs = 25 }: Shape = {}): Uint8Array {
  const parameters = parameter(0x0b, varint(maxAckDelayMs));
  const extensions = encryptedExtensions(parameters, earlyData === "accepted", alpn);
  const hello = [...frames.ack([[0, 0]]), ...frames.crypto(serverHello())];
  return Buffer.concat([
    seal({ from: "server", level: "initial", number: 0, payload: hello }),
    seal({ from: "server", level: "handshake", number: 0, payload: frames.crypto([...extensions, ...finished]) }),
  ]);
}

export const clientFinish = (): Uint8Array =>
  seal({ from: "client", level: "handshake", number: 0, payload: frames.crypto(finished) });

export const oneRtt = (from: From, number: number, atNs: number, ...payload: readonly Bytes[]): Step => ({
  from,
  atNs,
  datagram: seal({ from, level: "1-rtt", number, payload: payload.flatMap((each) => [...each]) }),
});

/** Complete at the client after 41 ms, confirmed after 80 ms; packet 0 of the server is used. */
export const handshake = (shape: Shape = {}): Step[] => [
  { from: "client", atNs: 0, datagram: initial(shape) },
  { from: "server", atNs: 40 * MS, datagram: serverFlight(shape) },
  { from: "client", atNs: 41 * MS, datagram: clientFinish() },
  oneRtt("server", 0, 80 * MS, frames.handshakeDone),
];

const list = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).map(([name, value]) => ({ name, value }));
export const get = (path: string): Uint8Array =>
  h3.writeHeaders(
    encodeFields(list({ ":method": "GET", ":scheme": "https", ":authority": "example.org", ":path": path })),
  );
export const answer = (content: string, status = "200"): Uint8Array =>
  Buffer.concat([h3.writeHeaders(encodeFields(list({ ":status": status }))), h3.writeData(Buffer.from(content))]);
/** A server's control stream. */
export const settings = (): Uint8Array => h3.controlStreamStart({ maxFieldSectionBytes: 4096 });
