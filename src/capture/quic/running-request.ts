/** What befalls a request while it runs, beyond what its stream tells when it ends. */
export class RunningRequest {
  /** Number in the capture of the datagram that began it. */
  readonly firstPacket: number;
  /** Bytes of the request went again, the last time; undefined: they did not. */
  resentNs: number | undefined;
  /** Time during which bytes of the answer waited for others that were missing: until its first byte, and after it. */
  lostBeforeNs = 0;
  lostAfterNs = 0;
  /** When the connection last brought an answer to another request, ahead of this one's first byte; undefined: it did not. */
  othersNs: number | undefined;
  #holeNs: number | undefined;
  #answered = false;

  constructor(firstPacket: number) {
    this.firstPacket = firstPacket;
  }

  hole(atNs: number): void {
    this.#holeNs = atNs;
  }

  /** The next bytes of the answer. @param othersNs when others' bytes came last, if they came last */
  answered(atNs: number, othersNs: number | undefined): void {
    const lostNs = this.#holeNs === undefined ? 0 : atNs - this.#holeNs;
    this.#holeNs = undefined;
    if (this.#answered) this.lostAfterNs += lostNs;
    else {
      this.#answered = true;
      this.lostBeforeNs = lostNs;
      this.othersNs = othersNs;
    }
  }
}
