/** Real TLS traffic for the tests: node:tls at both ends, a relay between them that writes down what passes, and the client's key log. */
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import type { Plaintext, Sender } from "../../../src/protocols/tls/plaintext.js";
import { TlsSession } from "../../../src/protocols/tls/session.js";
import { RSA_CERTIFICATE, RSA_KEY } from "./rsa-certificate.js";

/** Bytes that one end sent, in the order in which the relay saw them. */
export interface Sent {
  readonly from: Sender;
  readonly bytes: Uint8Array;
}

export interface Conversation {
  readonly sent: readonly Sent[];
  /** Key log lines. */
  readonly keys: string;
  /** The session, for a connection that takes it up again. */
  readonly session: Buffer | undefined;
}

export interface Setting {
  readonly server?: tls.TlsOptions;
  readonly client?: tls.ConnectionOptions;
  /** What the client says, each answered by the server with the same bytes in upper case before the next. */
  readonly says?: readonly string[];
}

/** The server answers in upper case; `says` ends without a line end, so the answer's length tells that it is whole. */
export async function converse({ server, client, says = ["hello"] }: Setting): Promise<Conversation> {
  const echo = tls.createServer({ cert: RSA_CERTIFICATE, key: RSA_KEY, dhparam: "auto", ...server }, (socket) => {
    socket.on("data", (data) => socket.write(data.toString("latin1").toUpperCase(), "latin1"));
    socket.on("error", () => {});
  });
  const sent: Sent[] = [];
  const relay = net.createServer((near) => {
    const far = net.connect((echo.address() as net.AddressInfo).port, "127.0.0.1");
    const pass = (from: Sender, source: net.Socket, sink: net.Socket) => {
      source.on("data", (bytes) => {
        sent.push({ from, bytes: Uint8Array.from(bytes) });
        sink.write(bytes);
      });
      source.on("end", () => sink.end());
      source.on("error", () => sink.destroy());
    };
    pass("client", near, far);
    pass("server", far, near);
  });
  for (const one of [echo, relay]) await once(one.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = relay.address() as net.AddressInfo;
    return { sent, ...(await speak(port, client, says)) };
  } finally {
    relay.close();
    echo.close();
  }
}

async function speak(port: number, options: tls.ConnectionOptions | undefined, says: readonly string[]) {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: RSA_CERTIFICATE, ...options });
  let keys = "";
  let session: Buffer | undefined;
  socket.on("keylog", (line: Buffer) => {
    keys += line.toString("latin1");
  });
  socket.on("session", (given: Buffer) => {
    session = given;
  });
  await once(socket, "secureConnect");
  for (const text of says) {
    socket.write(text, "latin1");
    for (let missing = text.length; missing > 0; ) {
      const [data] = (await once(socket, "data")) as [Buffer];
      missing -= data.length;
    }
  }
  socket.end();
  await once(socket, "close");
  return { keys, session };
}

export function keyLogOf(text: string): KeyLog {
  const log = new KeyLog();
  log.add(text);
  return log;
}

/** A session that was given all of it, and what it could read. */
export function readAll(sent: readonly Sent[], keys: string | undefined): { session: TlsSession; read: Plaintext[] } {
  const session = new TlsSession(keys === undefined ? undefined : keyLogOf(keys));
  return { session, read: feed(session, sent) };
}

/** Pushes the bytes one after the other; each lies in a larger buffer that is wiped afterwards, as a capture's is. */
export function feed(session: TlsSession, sent: readonly Sent[], from = { client: 0, server: 0 }): Plaintext[] {
  const read: Plaintext[] = [];
  for (const { from: sender, bytes } of sent) {
    const buffer = new Uint8Array(bytes.length + 7).fill(0x17);
    buffer.set(bytes, 3);
    read.push(...session.push(sender, buffer.subarray(3, 3 + bytes.length), from[sender]));
    buffer.fill(0);
    from[sender] += bytes.length;
  }
  return read;
}

export const saidBy = (from: Sender, read: readonly Plaintext[]): string =>
  read
    .filter((one) => one.from === from)
    .map(({ bytes }) => Buffer.from(bytes).toString("latin1"))
    .join("");
