/**
 * The request was there, whole, and the answer's first byte was late by more than the path: think time. The part of an exchange's
 * latency that the tracker gives to the server, holds, losses and closed windows taken off.
 */
import type { Exchange, PacketNote } from "../../capture/flows/flow-events.js";
import { roleOf, type Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { MIN_DELAYED_ACK_NS, MIN_SLOW_COUNT, MIN_SLOW_SHARE, OUTLIER_FACTOR } from "../thresholds.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { ladderOf } from "./ladder.js";
import { Tallies, type Tally } from "./tally.js";

const prose = PROSE["slow-server"];

export const slowServer: CaptureDetector<"slow-server"> = {
  code: "slow-server",
  needs: ["any-exchanges"],
  start: (context) => new SlowServerWatch(context),
};

class SlowServerWatch implements Watch {
  readonly #context: WatchContext;
  readonly #tallies: Tallies;
  /** Services whose slow exchanges were all seen where the server is: no path can be part of the time. */
  readonly #elsewhere = new Set<Service>();

  constructor(context: WatchContext) {
    this.#context = context;
    this.#tallies = new Tallies(context.proofs);
  }

  exchange(exchange: Exchange): void {
    const { slowServerNs } = this.#context;
    if (!(exchange.breakdownNs.server >= slowServerNs)) return;
    const thinkNs = thinkTimeNs(exchange);
    if (!(thinkNs >= slowServerNs)) return;
    const service = this.#context.services.at(exchange);
    const tally = this.#tallies.of(service, "server");
    if (!this.#elsewhere.has(service) && exchange.flow.vantage !== "server") this.#elsewhere.add(service);
    tally.add(thinkNs, exchange.latencyNs, null);
    if (!tally.wants(thinkNs)) return;
    const says = `a request of ${formatSize(exchange.requestBytes)}, answered after ${formatDuration(thinkNs)} of thinking`;
    tally.prove({ costNs: thinkNs, packets: exchange.packets, atNs: exchange.startNs, says }, () =>
      ladderOf(exchange, (packets) => firstAnswer(exchange, packets, thinkNs)),
    );
  }

  finish(): readonly Finding[] {
    const { slowServerNs } = this.#context;
    return [...this.#tallies]
      .filter(([service, , tally]) => isHabit(service, tally) || tally.costs.max >= OUTLIER_FACTOR * slowServerNs)
      .map(([service, , tally]) =>
        findingOf(service, tally, {
          code: "slow-server",
          severity: "warning",
          confidence: this.#elsewhere.has(service) ? "likely" : "certain",
          title: (delayed) => prose.title(delayed),
          first: [
            `slower than ${formatDuration(slowServerNs)} counts as slow; the way to the server and back is taken off`,
          ],
          fix: prose.fix,
        }),
      );
  }
}

/**
 * The server's part, less what it spent on earlier requests of a pipeline, and less what this exchange's own way took longer than the
 * usual one: an ACK of the request that comes before the answer, and sooner than any delayed-ACK timer, has told how long the way was
 * this time.
 */
function thinkTimeNs(exchange: Exchange): number {
  const server = exchange.breakdownNs.server - exchange.behindNs;
  const ack = exchange.earlyAck();
  return ack === null || ack.afterRequestNs >= MIN_DELAYED_ACK_NS ? server : Math.min(server, ack.beforeAnswerNs);
}

const isHabit = (service: Service, { count }: Tally): boolean =>
  count >= MIN_SLOW_COUNT && count >= MIN_SLOW_SHARE * service.exchanges;

function firstAnswer(
  { flow }: Exchange,
  packets: readonly PacketNote[],
  thinkNs: number,
): (readonly [number, string])[] {
  const first = packets.find(({ from, bytes }) => bytes > 0 && roleOf(flow, from) === "server");
  return first === undefined
    ? []
    : [[first.number, `first byte of the answer, after ${formatDuration(thinkNs)} of thinking`]];
}
