/** Messages that travel in several small segments, none of which waited for the other (Linux tcp_sendmsg_locked, tcp_nagle_test). */
import type { Exchange } from "../../capture/flows/flow-events.js";
import { type Service, serverSide } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { digits } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { MIN_SLOW_COUNT, SPLIT_SHARE } from "../thresholds.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
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
  readonly #segments = new Map<Tally, number>();

  constructor(context: WatchContext) {
    this.#context = context;
    this.#tallies = new Tallies(context.proofs);
  }

  exchange(exchange: Exchange): void {
    if (exchange.holds.length > 0 && exchange.holds.some(isStall)) return;
    const { smallRequestSegments, answerSegments } = exchange;
    if (smallRequestSegments > 0) this.#request(exchange);
    if (answerSegments > 1) this.#answer(exchange);
  }

  finish(): readonly Finding[] {
    return [...this.#tallies]
      .filter(([service, , { count }]) => count >= MIN_SLOW_COUNT && count >= SPLIT_SHARE * service.exchanges)
      .map(([service, sender, tally]) => this.#finding(service, sender, tally));
  }

  /** A large request is no worse for one small segment among its full ones. */
  #request(exchange: Exchange): void {
    const { flow, requestSegments, requestBytes } = exchange;
    const full = flow.mss[serverSide(flow) === 0 ? 1 : 0];
    if (requestSegments > Math.ceil(requestBytes / Math.max(1, full))) {
      this.#split(exchange, "client", requestSegments, requestBytes);
    }
  }

  #answer(exchange: Exchange): void {
    const { flow, answerSegments, answerBytes } = exchange;
    if (answerBytes <= flow.mss[serverSide(flow)]) this.#split(exchange, "server", answerSegments, answerBytes);
  }

  #split(exchange: Exchange, sender: Role, segments: number, bytes: number): void {
    const tally = this.#tallies.of(this.#context.services.of(exchange.flow), sender);
    // Nobody waited: it costs segments, no time.
    tally.count++;
    this.#segments.set(tally, (this.#segments.get(tally) ?? 0) + segments);
    if (!tally.wants(0)) return;
    const says = `${formatSize(bytes)} of the ${sender} in ${segments} segments`;
    tally.prove({ costNs: 0, packets: exchange.packets, atNs: exchange.startNs, says });
  }

  #finding(service: Service, sender: Role, tally: Tally): Finding {
    const segments = (this.#segments.get(tally) ?? 0) / tally.count;
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
