/** Joins handshake messages that lie over several records, or several in one (RFC 8446 section 4). */

export const MESSAGE = {
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  finished: 20,
  keyUpdate: 24,
} as const;

/** Messages whose body is read; of others, such as certificates of any size, only the end is waited for. */
const READ: ReadonlySet<number> = new Set([MESSAGE.clientHello, MESSAGE.serverHello, MESSAGE.encryptedExtensions]);
/** A ClientHello with keys for post-quantum exchanges has about 2 KiB; nobody sends 32 of them. */
const MAX_BODY = 65_536;
const HEADER_BYTES = 4;
const NOTHING = new Uint8Array(0);

export class HandshakeReader {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #body = NOTHING;
  #have = 0;
  #left = 0;
  /** Bytes were lost: where the next message begins is unknown until the keys change. */
  #deaf = false;
  /** A message that is read claims more than is kept of one. */
  tooLong = false;

  /** Forgets what is incomplete, and begins with a message. */
  restart(): void {
    this.#headerBytes = 0;
    this.#deaf = false;
  }

  /** Passes everything over until `restart`. */
  lost(): void {
    this.#deaf = true;
  }

  /** @param onMessage told of each message that has ended; its body is empty unless its type is one that is read */
  push(bytes: Uint8Array, onMessage: (type: number, body: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length && !this.#deaf && !this.tooLong) {
      if (this.#headerBytes < HEADER_BYTES) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        if (this.#headerBytes === HEADER_BYTES) this.#begin();
      } else {
        const taken = Math.min(this.#left, bytes.length - at);
        if (this.#body.length > 0) this.#body.set(bytes.subarray(at, at + taken), this.#have);
        this.#have += taken;
        this.#left -= taken;
        at += taken;
      }
      if (this.#headerBytes < HEADER_BYTES || this.#left > 0 || this.tooLong) continue;
      this.#headerBytes = 0;
      onMessage(this.#header[0]!, this.#body);
    }
  }

  #begin(): void {
    const [type = 0, high = 0, middle = 0, low = 0] = this.#header;
    this.#left = high * 65_536 + middle * 256 + low;
    this.#have = 0;
    const read = READ.has(type);
    this.tooLong = read && this.#left > MAX_BODY;
    this.#body = read && !this.tooLong ? new Uint8Array(this.#left) : NOTHING;
  }
}
