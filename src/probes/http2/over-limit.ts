/** What a server does with a stream more than its MAX_CONCURRENT_STREAMS (RFC 9113 section 5.1.2), on a connection of its own. */
import type { H2Event } from "../../protocols/h2/events.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import { prepareHeaders } from "../../protocols/h2/options.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import type { H2Facts } from "../../report/model.js";
import { H2Link, type LinkOwner } from "./h2-link.js";
import { type H2Plan, requestFields } from "./h2-plan.js";

type OverLimit = NonNullable<H2Facts["overLimit"]>[number];

/** A server's answer to what it must not allow comes at once; a proxy's may take a while. */
const ANSWER_MS = 1000;
/** More streams than this are not opened to find out. */
const MOST_STREAMS = 2000;

/**
 * Opens `limit` streams and one more. Their requests are left without an end, and our window for answers is 0: a server that answers
 * at once, without waiting for the request's end, cannot end its streams either, as long as its answers have content.
 * @param beforeAck without acknowledging the server's SETTINGS, which is when its limit begins to hold for us (section 6.5.3)
 */
export function askOverLimit(
  plan: H2Plan,
  options: Omit<ConnectionOptions, "emit">,
  limit: number,
  beforeAck: boolean,
): Promise<OverLimit> {
  const asked = limit + 1;
  if (limit > MOST_STREAMS) {
    return Promise.resolve({ asked: 0, beforeAck, answer: `not tried: more than ${MOST_STREAMS} streams are allowed` });
  }
  return new Promise((resolve) => {
    const settings = { ...options.settings, initialWindowBytes: 0 };
    const quiet = { ...options, settings, ackSettings: beforeAck ? ("manual" as const) : ("at-once" as const) };
    const attempt = new Attempt(plan, quiet, asked, (answer) => resolve({ asked, beforeAck, answer }));
    attempt.start(beforeAck);
  });
}

class Attempt implements LinkOwner {
  readonly #plan: H2Plan;
  readonly #options: Omit<ConnectionOptions, "emit">;
  readonly #asked: number;
  readonly #tell: (answer: string) => void;
  #link: H2Link | undefined;
  #last: H2Stream | undefined;
  /** Streams that were over before the last one had an answer: the server never had as many open as we wanted. */
  #over = 0;
  #beforeAck = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: H2Plan, options: Omit<ConnectionOptions, "emit">, asked: number, tell: (answer: string) => void) {
    this.#plan = plan;
    this.#options = options;
    this.#asked = asked;
    this.#tell = tell;
  }

  start(beforeAck: boolean): void {
    this.#beforeAck = beforeAck;
    this.#timer = setTimeout(() => this.#done(this.#silence()), this.#plan.spec.timeoutNs / 1e6);
    this.#link = new H2Link(this.#plan, this.#options, this);
  }

  onConnect(): void {}

  onOpen(link: H2Link): void {
    if (this.#beforeAck) this.#open(link);
  }

  onEvent(link: H2Link, event: H2Event): void {
    if (event.type === "settings-acked" && this.#last === undefined) this.#open(link);
    if (event.type === "goaway") {
      this.#done(`GOAWAY ${event.codeName}${event.debug === "" ? "" : ` "${event.debug}"`}`);
    }
    if (!("stream" in event) || event.stream === undefined) return;
    if (event.stream !== this.#last) {
      if (event.type === "end") this.#over++;
      return;
    }
    if (event.type === "reset") this.#done(`RST_STREAM ${event.codeName}`);
    if (event.type === "headers") this.#done(this.#answered());
  }

  onBegan(): void {}

  onWhole(): void {}

  onLost(): void {
    this.#done(this.#last === undefined ? "no connection" : "connection closed");
  }

  #open(link: H2Link): void {
    const { request } = this.#plan;
    // With a body to come, so that a server that answers at once keeps its stream until we end ours.
    const fields = requestFields({ ...request, method: "POST", body: new Uint8Array() });
    const headers = prepareHeaders(fields);
    for (let count = 0; count < this.#asked; count++) {
      this.#last = link.request({ headers, open: true, overLimit: true }) ?? this.#last;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#done(this.#silence()), ANSWER_MS);
  }

  #answered(): string {
    if (this.#over === 0) return "answered like the others";
    return `not reached: ${this.#over} of the others had been answered by then; name a path whose answer is larger or takes longer`;
  }

  #silence(): string {
    return this.#last === undefined ? "no SETTINGS came" : `kept open: no refusal within ${ANSWER_MS / 1000} s`;
  }

  #done(answer: string): void {
    clearTimeout(this.#timer);
    this.#link?.drop();
    this.#tell(answer);
  }
}
