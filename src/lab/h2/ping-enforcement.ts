/** grpc-go's rule for pings of clients (keepalive.EnforcementPolicy; handlePing in its internal/transport/http2_server.go). */

/** More strikes than this end the connection. */
const MAX_PING_STRIKES = 2;
/** Without streams, where that is not permitted, pings may come this often (grpc-go's defaultPingTimeout). */
const WITHOUT_STREAM_NS = 2 * 3600e9;

export class PingEnforcement {
  readonly #minTimeNs: number;
  readonly #permitWithoutStream: boolean;
  #strikes = 0;
  /** A connection's first ping is never too soon. */
  #lastPingNs = Number.NEGATIVE_INFINITY;
  #forgiven = false;

  constructor(minTimeNs: number, permitWithoutStream: boolean) {
    this.#minTimeNs = minTimeNs;
    this.#permitWithoutStream = permitWithoutStream;
  }

  /** The server has sent HEADERS or DATA: earlier strikes are forgotten, and the next ping is not one. */
  forgive(): void {
    this.#forgiven = true;
  }

  /**
   * The client has sent a PING.
   * @param streams that are open
   * @returns whether it has now sent too many
   */
  tooMany(streams: number, nowNs: number): boolean {
    const sinceNs = nowNs - this.#lastPingNs;
    this.#lastPingNs = nowNs;
    if (this.#forgiven) {
      this.#forgiven = false;
      this.#strikes = 0;
      return false;
    }
    const leastNs = streams === 0 && !this.#permitWithoutStream ? WITHOUT_STREAM_NS : this.#minTimeNs;
    if (sinceNs < leastNs) this.#strikes++;
    return this.#strikes > MAX_PING_STRIKES;
  }
}
