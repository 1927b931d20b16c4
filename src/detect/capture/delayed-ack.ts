/** An ACK that came alone and late (RFC 1122 4.2.3.2; Linux TCP_DELACK_MIN), while nothing waited for it. */
import type { LateAck } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { MIN_DELAYED_ACK_NS } from "../thresholds.js";
import { timerWords } from "./delayed-ack-timer.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { Tallies } from "./tally.js";

const prose = PROSE["delayed-ack"];

export const delayedAck: CaptureDetector<"delayed-ack"> = {
  code: "delayed-ack",
  needs: ["both-directions"],
  start: (context) => new DelayedAckWatch(context),
};

class DelayedAckWatch implements Watch {
  readonly #context: WatchContext;
  readonly #tallies: Tallies;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#tallies = new Tallies(context.proofs);
  }

  lateAck(late: LateAck): void {
    const { receiver, client, ackDelayNs } = late;
    if (ackDelayNs < MIN_DELAYED_ACK_NS) return;
    const role = client === null ? roleOf(late.flow, receiver) : receiver === client ? "client" : "server";
    const tally = this.#tallies.of(this.#context.services.at(late), role);
    // The delay cost nobody anything: it is a timer, not a cost.
    tally.count++;
    tally.timers.record(ackDelayNs);
    if (!tally.wants(0)) return;
    const says = `data and its ACK: ${formatDuration(ackDelayNs)} late`;
    tally.prove({ costNs: 0, packets: late.packets, atNs: late.atNs, says });
  }

  finish(): readonly Finding[] {
    return [...this.#tallies].map(([service, receiver, tally]) => {
      const p50Ns = tally.timers.quantile(0.5);
      return findingOf(service, tally, {
        code: "delayed-ack",
        severity: "info",
        confidence: "certain",
        title: ({ count }) => prose.captured(receiver, { count, of: service.exchanges, p50Ns }),
        first: [timerWords(receiver, p50Ns)],
        fix: prose.fix,
      });
    });
  }
}
