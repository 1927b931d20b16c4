/**
 * What one end of a TLS connection sends: its records opened one after the other, under keys that change on the way.
 *
 * Records carry no number, but count in the nonce. Behind lost bytes the number of the next one is therefore tried out, from the
 * least possible upwards: the tag tells which fits. So is the next epoch, whose beginning may be among what was lost.
 */
import type { Content, Epoch } from "./epoch.js";
import { HandshakeReader, MESSAGE } from "./handshake-reader.js";
import type { Plaintext, Sender } from "./plaintext.js";
import { RECORD, RecordReader, type TlsRecord } from "./record-reader.js";

export interface DirectionOwner {
  /** A handshake message has ended. @param body empty unless it is a hello or EncryptedExtensions */
  onMessage(from: Sender, type: number, body: Uint8Array): void;
  onAlert(from: Sender, content: Uint8Array): void;
  onPlaintext(plaintext: Plaintext): void;
  /** A protected record for which there are no keys. */
  onUnreadable(from: Sender): void;
}

/** Header, tag and content type: no protected record is shorter, by a byte or two. */
const LEAST_RECORD_BYTES = 21;
/** Records that may be missing in one gap: 32 MiB of full ones. */
const MOST_LOST = 2048;
/**
 * Sequence numbers tried out in vain over a connection's life, and how many more each opened record allows: a real gap costs about as
 * many as records are missing, and a capture made to cost time gets no more than this.
 */
const MOST_TRIALS = 1024;
const TRIALS_PER_RECORD = 16;
/** The epoch in force, and what may have begun meanwhile: the handshake's and the application's. */
const EPOCHS_TRIED = 3;
/** Records in a row that do not open although nothing was missing: of a connection that has opened some, and that has not. */
const PATIENCE = 8;
const FIRST_PATIENCE = 3;

export class Direction {
  readonly #from: Sender;
  readonly #owner: DirectionOwner;
  readonly #reader = new RecordReader((record) => this.#onRecord(record));
  readonly #messages = new HandshakeReader();
  #epoch: Epoch | undefined;
  /** TLS 1.2: what ChangeCipherSpec puts in force. */
  #prepared: Epoch | undefined;
  #sequence = 0;
  /** How many records may be missing ahead of the next one. */
  #slack = 0;
  #trials = 0;
  /** Bytes were lost, and no record was found again yet. */
  #searching = false;
  #lostPlaintext = false;
  #failures = 0;
  /** Secrets of an earlier epoch are missing: its records come first, and cannot be opened. */
  #skipsUnopened = false;
  #failed: string | undefined;
  /** Records opened. */
  opened = 0;
  /** Its ClientHello or ServerHello was read. */
  helloSeen = false;

  constructor(from: Sender, owner: DirectionOwner) {
    this.#from = from;
    this.#owner = owner;
  }

  /** Why nothing more can be read of it; undefined: all is well. */
  get trouble(): string | undefined {
    return this.#failed ?? this.#reader.trouble;
  }

  /** Records that should have been opened and were not, and none that was. */
  get neverFits(): boolean {
    return this.opened === 0 && this.#failures > 0;
  }

  /** Application keys are in force, and a record was opened. */
  get isSecured(): boolean {
    return this.opened > 0 && this.#epoch?.phase === "application";
  }

  /** Its first record began as one does, and the rest of it did not come. */
  get missesHelloBytes(): boolean {
    const { position, records, trouble } = this.#reader;
    return !Number.isNaN(position) && records === 0 && trouble === undefined;
  }

  get epoch(): Epoch | undefined {
    return this.#epoch;
  }

  /** From the next record on. @param skipsUnopened records that it does not open may come first */
  arm(epoch: Epoch | undefined, skipsUnopened = false): void {
    this.#epoch = epoch;
    this.#sequence = 0;
    this.#skipsUnopened = skipsUnopened;
    this.#messages.restart();
  }

  /** From the next ChangeCipherSpec on. */
  prepare(epoch: Epoch): void {
    this.#prepared = epoch;
  }

  /** @param position of the first byte in what this end sends; bytes below what was pushed already are passed over */
  push(bytes: Uint8Array, position: number): void {
    const reader = this.#reader;
    if (Number.isNaN(reader.position)) reader.position = position;
    if (position > reader.position) this.#gap(position - reader.position, position);
    const known = reader.position - position;
    if (known < bytes.length && this.trouble === undefined) reader.push(known > 0 ? bytes.subarray(known) : bytes);
  }

  #gap(lostBytes: number, position: number): void {
    this.#reader.gap(position);
    this.#messages.lost();
    this.#searching = true;
    this.#lostPlaintext = true;
    this.#slack = Math.min(MOST_LOST, this.#slack + Math.floor(lostBytes / LEAST_RECORD_BYTES) + 2);
    if (!this.helloSeen) this.#failed = "bytes of the hello are missing";
  }

  /** @returns whether it is a record, as far as that can be told */
  #onRecord(record: TlsRecord): boolean {
    const isRecord = this.#epoch === undefined ? this.#unprotected(record) : this.#protected(record, this.#epoch);
    if (isRecord) this.#searching = false;
    return isRecord;
  }

  #unprotected(record: TlsRecord): boolean {
    const { type, fragment } = record;
    if (type === RECORD.changeCipherSpec && fragment.length === 1) {
      if (this.#prepared !== undefined) this.#changeCipherSpec();
      return true;
    }
    if (this.#searching && this.#prepared !== undefined) {
      this.#changeCipherSpec(); // it is among what was lost, or the record is none
      if (this.#protected(record, this.#prepared)) return true;
      this.#epoch = undefined;
      return false;
    }
    if (type === RECORD.applicationData) {
      this.#lostPlaintext = true;
      this.#owner.onUnreadable(this.#from);
      return true;
    }
    if (this.#searching) return false;
    if (type === RECORD.handshake || type === RECORD.alert) this.#content(record, { type, bytes: fragment });
    return true;
  }

  #protected(record: TlsRecord, epoch: Epoch): boolean {
    const { type, fragment } = record;
    if (epoch.version === "TLS 1.3" && type !== RECORD.applicationData) {
      // A ChangeCipherSpec for middleboxes (RFC 8446 appendix D.4), or an alert of an end that has no keys.
      if (type === RECORD.alert && fragment.length === 2 && !this.#searching) this.#owner.onAlert(this.#from, fragment);
      return !this.#searching;
    }
    const content = this.#open(record, epoch);
    if (content !== undefined) {
      this.opened++;
      this.#slack = 0;
      this.#failures = 0;
      this.#content(record, content);
      return true;
    }
    if (!this.#searching) this.#doesNotOpen();
    return false;
  }

  /** Tries the numbers that the record may have. */
  #open(record: TlsRecord, inForce: Epoch): Content | undefined {
    let epoch: Epoch | undefined = inForce;
    let first = this.#sequence;
    for (let tried = 0; tried < EPOCHS_TRIED && epoch !== undefined; tried++) {
      for (let sequence = first; sequence <= first + this.#slack; sequence++) {
        const content = epoch.open(record, sequence);
        if (content !== undefined) {
          if (epoch !== inForce) this.arm(epoch);
          // In the middle of an epoch a record may begin in the middle of a message.
          if (sequence > 0 && this.#slack > 0) this.#messages.lost();
          this.#sequence = sequence + 1;
          return content;
        }
        if (this.#slack === 0) break;
        if (++this.#trials > MOST_TRIALS + TRIALS_PER_RECORD * this.opened) {
          this.#failed = "no record could be found again behind lost bytes";
          return undefined;
        }
      }
      epoch = epoch.next();
      first = 0;
    }
    return undefined;
  }

  /** Nothing was missing, and yet: the wrong secret, or bytes that the capture has damaged. The number was used up all the same. */
  #doesNotOpen(): void {
    this.#lostPlaintext = true;
    if (this.#skipsUnopened && this.opened === 0) return;
    this.#messages.lost();
    this.#slack = Math.min(MOST_LOST, this.#slack + 1);
    this.#failures++;
    if (this.#failed !== undefined || this.#failures < (this.opened === 0 ? FIRST_PATIENCE : PATIENCE)) return;
    this.#failed = `${this.#failures} records in a row do not open with the secrets of the key log`;
  }

  #changeCipherSpec(): void {
    this.arm(this.#prepared);
  }

  #content(record: TlsRecord, { type, bytes }: Content): void {
    if (type === RECORD.applicationData) {
      if (bytes.length === 0) return;
      this.#owner.onPlaintext({
        from: this.#from,
        bytes,
        start: record.start,
        end: record.end,
        early: this.#epoch?.phase === "early",
        afterLoss: this.#lostPlaintext,
      });
      this.#lostPlaintext = false;
    } else if (type === RECORD.handshake) {
      this.#messages.push(bytes, (message, body) => this.#message(message, body));
      if (this.#messages.tooLong) this.#failed = "a hello of more than 64 KiB";
    } else if (type === RECORD.alert) this.#owner.onAlert(this.#from, bytes);
    else if (type === RECORD.changeCipherSpec && this.#prepared !== undefined) this.#changeCipherSpec();
  }

  #message(type: number, body: Uint8Array): void {
    const epoch = this.#epoch;
    if (type === MESSAGE.clientHello || type === MESSAGE.serverHello) this.helloSeen = true;
    this.#owner.onMessage(this.#from, type, body);
    if (epoch?.version !== "TLS 1.3" || epoch !== this.#epoch) return;
    const ends =
      (type === MESSAGE.finished && epoch.phase === "handshake") ||
      (type === MESSAGE.keyUpdate && epoch.phase === "application") ||
      (type === MESSAGE.endOfEarlyData && epoch.phase === "early");
    if (ends) this.arm(epoch.next());
  }
}
