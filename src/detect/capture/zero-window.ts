/** The receiver's buffer was full, so it closed its window and the sender had to wait (RFC 9293 3.8.6; Linux tcp_select_window). */
import type { Exchange, Flow, Side, WindowStall } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { type DelayKind, Delays } from "./delays.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { known } from "./resends.js";

const prose = PROSE["zero-window"];

export const zeroWindow: CaptureDetector<"zero-window"> = {
  code: "zero-window",
  needs: ["flows"],
  start: (context) => new ZeroWindowWatch(context),
};

class ZeroWindowWatch implements Watch {
  readonly #delays: Delays<WindowStall>;

  constructor(context: WatchContext) {
    this.#delays = new Delays(STALLS, context);
  }

  windowStall(stall: WindowStall): void {
    this.#delays.told(stall);
  }

  exchange(exchange: Exchange): void {
    if (exchange.windowStalls.length === 0) this.#delays.calm(exchange);
    else this.#delays.exchange(exchange, exchange.windowStalls);
  }

  flowEnded(flow: Flow): void {
    this.#delays.flowEnded(flow);
  }

  finish(): readonly Finding[] {
    return [...this.#delays.settled()].map(([service, receiver, tally]) =>
      findingOf(service, tally, {
        code: "zero-window",
        severity: "warning",
        confidence: "certain",
        title: (delayed) => prose.title(receiver, delayed),
        first: [],
        fix: prose.fix[receiver],
      }),
    );
  }
}

const STALLS: DelayKind<WindowStall> = {
  blame: (stall): Side => stall.receiver,
  interval: (stall) => [stall.atNs, stall.atNs + stall.closedNs],
  timer: () => null,
  proof: (stall) => ({
    packets: known(stall.packets),
    atNs: stall.atNs,
    says: `the ${roleOf(stall.flow, stall.receiver)} announced a window of 0 and kept it closed for ${formatDuration(stall.closedNs)}; then the data came at once`,
  }),
  marks: ({ packets: [closed, open], closedNs }) => [
    [closed, "window closed: its buffer is full"],
    ...(open === null ? [] : [[open, `window open again after ${formatDuration(closedNs)}`] as const]),
  ],
};
