/** Messages that travel in several small segments, none of which waited for the other (Linux tcp_sendmsg_locked, tcp_nagle_test). */
import type { Exchange } from "../../capture/flows/flow-events.js";
import type { Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { digits } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { MIN_SLOW_COUNT, SPLIT_SHARE } from "../thresholds.js";
import { type CaptureDetector, splitsAnswer, splitsRequest, type Watch, type WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { isStall } from "./stall.js";
import { type Role, Tallies, type Tally } from "./tally.js";

const prose = PROSE["split-write"];

export const splitWrite: CaptureDetector<"split-write"> = {
  code: "split-write",
  needs: ["exchanges"],
  start: (context) => new SplitWriteWatch(context),
};

class SplitWriteWatch implements Watch {
  readonly #context: WatchContext;
  readonly #tallies: Tallies;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#tallies = new Tallies(context.proofs);
  }

  exchange(exchange: Exchange): void {
    if (exchange.holds.length > 0 && exchange.holds.some(isStall)) return;
    // Cut by HTTP/2's windows, not by who wrote it.
    if (exchange.flowControlStalls.length > 0) return;
    const { requestSegments, requestBytes, answerSegments, answerBytes } = exchange;
    if (splitsRequest(exchange)) this.#split(exchange, "client", requestSegments, requestBytes);
    if (splitsAnswer(exchange)) this.#split(exchange, "server", answerSegments, answerBytes);
  }

  finish(): readonly Finding[] {
    return [...this.#tallies]
      .filter(([service, , { count }]) => count >= MIN_SLOW_COUNT && count >= SPLIT_SHARE * service.exchanges)
      .map(([service, sender, tally]) => this.#finding(service, sender, tally));
  }

  #split(exchange: Exchange, sender: Role, segments: number, bytes: number): void {
    const tally = this.#tallies.of(this.#context.services.at(exchange), sender);
    // Nobody waited: it costs segments, no time.
    tally.count++;
    tally.segments += segments;
    if (!tally.wants(0)) return;
    const says = `${formatSize(bytes)} of the ${sender} in ${segments} segments`;
    tally.prove({ costNs: 0, packets: exchange.packets, atNs: exchange.startNs, says });
  }

  #finding(service: Service, sender: Role, tally: Tally): Finding {
    const segments = tally.segments / tally.count;
    return findingOf(service, tally, {
      code: "split-write",
      severity: "info",
      confidence: "certain",
      title: (share) => prose.captured(sender, share, segments),
      first: [
        `per message: ${digits(segments)} segments of the ${sender}, sent without waiting for an ACK that was delayed`,
      ],
      fix: prose.fix,
    });
  }
}
