import type { QuicDialect, QuicFault, QuicReply, RequestStream } from "./dialect.js";

/** An answer waits until its request has ended; nobody's request may take more memory than this. */
const MAX_ECHO_BYTES = 4 * 1024 ** 2;
const TOO_LARGE: QuicFault = { scope: "stream", code: 1, reason: "" };

/** What came on a stream is its answer, once the client has ended it. Unidirectional streams are passed over. */
export function rawEcho(): QuicDialect {
  return {
    codes: { noError: 0, internalError: 1, cancelled: 0, rejected: 0 },
    request: () => new EchoStream(),
    unidirectional: () => undefined,
  };
}

class EchoStream implements RequestStream {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  push(bytes: Uint8Array): QuicFault | undefined {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_ECHO_BYTES) return TOO_LARGE;
    this.#pieces.push(Buffer.from(bytes));
    return undefined;
  }

  end(): QuicReply {
    const whole = Buffer.concat(this.#pieces);
    return { pieces: () => [whole].values() };
  }
}
