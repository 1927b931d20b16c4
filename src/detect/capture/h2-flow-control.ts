/** A stream's body waited for the receiver to open its HTTP/2 window (RFC 9113 section 5.2). */
import type { Exchange, Flow, FlowControlStall, Side } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { MIN_INFERRED_COUNT, MIN_INFERRED_SHARE, MIN_STREAM_WAIT_NS } from "../thresholds.js";
import { type DelayKind, Delays } from "./delays.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";

const prose = PROSE["h2-flow-control"];

export const h2FlowControl: CaptureDetector<"h2-flow-control"> = {
  code: "h2-flow-control",
  needs: ["http2"],
  start: (context) => new FlowControlWatch(context),
};

class FlowControlWatch implements Watch {
  readonly #delays: Delays<FlowControlStall>;

  constructor(context: WatchContext) {
    this.#delays = new Delays(WAITS, context);
  }

  exchange(exchange: Exchange): void {
    const waits = exchange.flowControlStalls.filter(({ closedNs }) => closedNs >= MIN_STREAM_WAIT_NS);
    this.#delays.exchange(exchange, waits);
  }

  flowEnded(flow: Flow): void {
    this.#delays.flowEnded(flow);
  }

  finish(): readonly Finding[] {
    return [...this.#delays.settled()]
      .filter(([{ exchanges }, , { count }]) => {
        return count >= MIN_INFERRED_COUNT && count >= MIN_INFERRED_SHARE * exchanges;
      })
      .map(([service, receiver, tally]) =>
        findingOf(service, tally, {
          code: "h2-flow-control",
          severity: "warning",
          confidence: "certain",
          title: (delayed) => (receiver === "server" ? prose.title(delayed) : prose.captured(delayed)),
          first: [],
          fix: prose.fix[receiver],
        }),
      );
  }
}

const WAITS: DelayKind<FlowControlStall> = {
  blame: ({ sender }): Side => (sender === 0 ? 1 : 0),
  interval: ({ atNs, closedNs }) => [atNs, atNs + closedNs],
  timer: () => null,
  proof: ({ flow, sender, packets, atNs, closedNs }) => ({
    packets,
    atNs,
    says: `the ${roleOf(flow, sender)} had used up the window, and sent on when it was opened again after ${formatDuration(closedNs)}`,
  }),
  marks: ({ packets: [spent, opened, resumed], closedNs }) => [
    [spent, "the HTTP/2 window is used up"],
    [opened, "opened again"],
    [resumed, `the rest, after ${formatDuration(closedNs)}`],
  ],
};
