/** When a connection acts next without having heard anything: at the end of the turn, on a timer of quiche's, to acknowledge, to stay alive. */
import type { Ns } from "../units/duration.js";

/** quiche's `timeout()` cuts to whole milliseconds: a timer that is set to it would fire too early. */
const TIMER_ROUNDING_MS = 1;
/** Node fires at once for more (24.8 days); quiche's deadlines are looked at again when they fire early. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface AlarmActions {
  /** Send all that may go. */
  flush(): void;
  /** A deadline of quiche's has passed. */
  expire(): void;
  /** Milliseconds until quiche's next deadline; null: there is none. */
  timeoutMs(): number | null;
  /** Nothing was sent for the keepalive time. */
  ping(): void;
}

export class Alarms {
  readonly #actions: AlarmActions;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #turn: NodeJS.Immediate | undefined;
  #held: NodeJS.Timeout | undefined;
  #keepalive: NodeJS.Timeout | undefined;

  constructor(actions: AlarmActions) {
    this.#actions = actions;
  }

  /** Flush at the end of this turn of the event loop: what else it reads until then is acknowledged with it. */
  soon(): void {
    this.#turn ??= setImmediate(() => this.#actions.flush());
  }

  /** Flush when the first acknowledgement that waits has waited so long. */
  within(holdNs: Ns): void {
    this.#held ??= setTimeout(() => this.#actions.flush(), Math.round(holdNs / 1e6));
  }

  /** A flush is happening: none needs to be waited for. */
  flushed(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    if (this.#held !== undefined) clearTimeout(this.#held);
    this.#turn = undefined;
    this.#held = undefined;
  }

  /** A datagram left: silence begins anew. */
  sent(): void {
    this.#keepalive?.refresh();
  }

  keepAlive(afterNs: Ns): void {
    this.#keepalive = setTimeout(
      () => {
        this.#actions.ping();
        this.#keepalive?.refresh();
      },
      Math.min(LONGEST_TIMER_MS, afterNs / 1e6),
    );
  }

  /** Follows quiche's deadline. A timer that fires too early is set again; only one that would fire too late is moved. */
  follow(): void {
    const timeoutMs = this.#actions.timeoutMs();
    if (timeoutMs === null) return;
    const dueMs = performance.now() + timeoutMs + TIMER_ROUNDING_MS;
    if (this.#timer !== undefined && dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(this.#onTimer, Math.min(LONGEST_TIMER_MS, timeoutMs + TIMER_ROUNDING_MS));
  }

  clear(): void {
    this.flushed();
    clearTimeout(this.#timer);
    clearTimeout(this.#keepalive);
    this.#timer = undefined;
    this.#keepalive = undefined;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const timeoutMs = this.#actions.timeoutMs();
    if (timeoutMs !== null && timeoutMs > 0) this.follow();
    else this.#actions.expire();
  };
}
