/** What the TLS messages in CRYPTO frames say of a connection (RFC 9001 section 4), and when. */
import { type CipherSuite, cipherSuite, suiteName } from "../tls/cipher-suites.js";
import { HandshakeReader, MESSAGE } from "../tls/handshake-reader.js";
import {
  type ClientHello,
  type EncryptedExtensions,
  parseClientHello,
  parseEncryptedExtensions,
  parseServerHello,
  type ServerHello,
} from "../tls/hello.js";
import type { Sender } from "../tls/plaintext.js";
import type { Space } from "./names.js";
import { Reassembly } from "./reassembly.js";
import { readSentParameters, type SentParameters } from "./sent-parameters.js";
import {
  isParameterFault,
  type ParameterFault,
  parseTransportParameters,
  type TransportParameters,
} from "./transport-parameters.js";

/** A certificate chain or a post-quantum hello, out of order. */
const MOST_WAITING_BYTES = 128 * 1024;

interface CryptoStream {
  readonly data: Reassembly;
  readonly messages: HandshakeReader;
}

export class QuicHandshake {
  readonly #streams = new Map<string, CryptoStream>();
  clientHello: ClientHello | undefined;
  serverHello: ServerHello | undefined;
  encryptedExtensions: EncryptedExtensions | undefined;
  /** As they came; those of the server are known only with the key log. */
  readonly parameters: Partial<Record<Sender, TransportParameters | ParameterFault>> = {};
  /** The same for people to read. */
  readonly sentParameters: Partial<Record<Sender, SentParameters>> = {};
  /** When each end's Finished was whole. */
  readonly finishedNs: Partial<Record<Sender, number>> = {};
  /** NewSessionTicket messages. */
  tickets = 0;
  /** The server asked for another key share (HelloRetryRequest): a round trip more. */
  helloRetry = false;
  /** A hello that cannot be read. */
  damaged = false;

  push(from: Sender, space: Space, offset: number, data: Uint8Array, atNs: number): void {
    const key = `${from} ${space}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { data: new Reassembly(MOST_WAITING_BYTES), messages: new HandshakeReader() };
      this.#streams.set(key, stream);
    }
    const { messages } = stream;
    stream.data.push(offset, data, (bytes) =>
      messages.push(bytes, (type, body) => this.#onMessage(from, type, body, atNs)),
    );
  }

  /** Behind a Retry the client's messages begin again, in quiche with a new random. */
  restart(): void {
    this.#streams.clear();
  }

  /** The version of TLS is always 1.3; undefined: the ServerHello was not seen, or its suite cannot be opened. */
  get suite(): CipherSuite | undefined {
    return this.serverHello === undefined ? undefined : cipherSuite(this.serverHello.cipherSuite);
  }

  /** IANA's name. */
  get suiteName(): string | undefined {
    return this.serverHello === undefined ? undefined : suiteName(this.serverHello.cipherSuite);
  }

  /** Parameters that could be read. */
  parametersOf(from: Sender): TransportParameters | undefined {
    const parsed = this.parameters[from];
    return parsed === undefined || isParameterFault(parsed) ? undefined : parsed;
  }

  #onMessage(from: Sender, type: number, body: Uint8Array, atNs: number): void {
    if (from === "client" && type === MESSAGE.clientHello) this.#offered(parseClientHello(body));
    else if (from === "server" && type === MESSAGE.serverHello) this.#chosen(parseServerHello(body));
    else if (from === "server" && type === MESSAGE.encryptedExtensions) {
      this.encryptedExtensions = parseEncryptedExtensions(body);
      this.#read(from, this.encryptedExtensions?.quicTransportParameters);
    } else if (type === MESSAGE.finished) this.finishedNs[from] ??= atNs;
    else if (from === "server" && type === MESSAGE.newSessionTicket) this.tickets++;
  }

  #offered(hello: ClientHello | undefined): void {
    this.damaged ||= hello === undefined;
    this.clientHello = hello ?? this.clientHello;
    this.#read("client", hello?.quicTransportParameters);
  }

  #chosen(hello: ServerHello | undefined): void {
    this.damaged ||= hello === undefined;
    if (hello?.isRetry) this.helloRetry = true;
    else this.serverHello = hello;
  }

  #read(from: Sender, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return;
    this.parameters[from] = parseTransportParameters(bytes);
    this.sentParameters[from] = readSentParameters(bytes);
  }
}
