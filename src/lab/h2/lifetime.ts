/**
 * When a server asks whether its client is alive, and when it lets a connection go: grpc-go's keepalive.ServerParameters (keepalive
 * in its internal/transport/http2_server.go). Without clock: the owner calls `tick` at `dueNs`. Times are nanoseconds.
 */

/** null: never. */
export interface LifetimeLimits {
  readonly keepaliveTimeNs: number | null;
  readonly keepaliveTimeoutNs: number;
  readonly maxConnectionIdleNs: number | null;
  readonly maxConnectionAgeNs: number | null;
  readonly maxConnectionAgeGraceNs: number | null;
}

/** `drain`: take no more streams, and close when the last one is over. */
export type LifetimeAction =
  | { readonly type: "ping" }
  | { readonly type: "drain"; readonly reason: "max_idle" | "max_age" }
  | { readonly type: "close" };

const NEVER = Number.POSITIVE_INFINITY;
const after = (startNs: number, periodNs: number | null): number => (periodNs === null ? NEVER : startNs + periodNs);

export class ConnectionLifetime {
  readonly #limits: LifetimeLimits;
  #lastReadNs: number;
  /** When the ping that the client has not reacted to was sent. */
  #pingedNs: number | undefined;
  #ageDueNs: number;
  #idleDueNs: number;
  #streams = 0;
  #graceDueNs = NEVER;
  #draining = false;

  constructor(limits: LifetimeLimits, nowNs: number) {
    this.#limits = limits;
    this.#lastReadNs = nowNs;
    this.#ageDueNs = after(nowNs, limits.maxConnectionAgeNs);
    this.#idleDueNs = after(nowNs, limits.maxConnectionIdleNs);
  }

  /** Bytes of the client have come, whatever they are. */
  read(nowNs: number): void {
    this.#lastReadNs = nowNs;
    this.#pingedNs = undefined;
  }

  /** How many streams are open now. A connection is idle from its start, and from the end of its last stream on. */
  streams(count: number, nowNs: number): void {
    if (count > 0) this.#idleDueNs = NEVER;
    else if (this.#streams > 0) this.#idleDueNs = after(nowNs, this.#limits.maxConnectionIdleNs);
    this.#streams = count;
  }

  /** When `tick` has something to do next, or Infinity. */
  get dueNs(): number {
    if (this.#draining) return this.#graceDueNs;
    return Math.min(this.#keepaliveDueNs, this.#idleDueNs, this.#ageDueNs);
  }

  /** The one thing that is due; ask again while `dueNs` has passed. As in grpc-go a connection that drains is no longer pinged. */
  tick(nowNs: number): LifetimeAction | undefined {
    if (nowNs < this.dueNs) return undefined;
    if (this.#draining) {
      this.#graceDueNs = NEVER;
      return { type: "close" };
    }
    if (nowNs >= this.#ageDueNs) {
      this.#draining = true;
      this.#graceDueNs = after(nowNs, this.#limits.maxConnectionAgeGraceNs);
      return { type: "drain", reason: "max_age" };
    }
    if (nowNs >= this.#idleDueNs) {
      this.#draining = true;
      return { type: "drain", reason: "max_idle" };
    }
    if (this.#pingedNs !== undefined) {
      this.#draining = true;
      return { type: "close" };
    }
    this.#pingedNs = nowNs;
    return { type: "ping" };
  }

  get #keepaliveDueNs(): number {
    if (this.#pingedNs !== undefined) return this.#pingedNs + this.#limits.keepaliveTimeoutNs;
    return after(this.#lastReadNs, this.#limits.keepaliveTimeNs);
  }
}
