/**
 * Nagle's algorithm held a small segment until the ACK of an earlier one, and the receiver delayed that ACK (RFC 896,
 * RFC 1122 4.2.3.2; Linux TCP_DELACK_MIN = HZ/25). The tracker tells the holds; here they are counted once per exchange, and only
 * while nothing shows that the sender has Nagle's algorithm off: then the pauses were its application's.
 */
import type { Exchange, Flow, Hold, Side } from "../../capture/flow-events.js";
import { roleOf, type Service } from "../../capture/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { Batch } from "./batch.js";
import { timerWords } from "./delayed-ack-timer.js";
import { type DelayKind, Delays } from "./delays.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { isStall, otherEnd } from "./stall.js";
import type { Role, Tally } from "./tally.js";

const prose = PROSE["nagle-delayed-ack"];

export const nagleDelayedAck: CaptureDetector<"nagle-delayed-ack"> = {
  code: "nagle-delayed-ack",
  needs: ["both-directions"],
  start: (context) => new NagleWatch(context),
};

class NagleWatch implements Watch {
  readonly #context: WatchContext;
  readonly #delays: Delays<Hold>;
  /** Stalls of live flows, by the side that held back. */
  readonly #waiting = new Map<Flow, [Batch | null, Batch | null]>();

  constructor(context: WatchContext) {
    this.#context = context;
    this.#delays = new Delays(HOLDS, context);
  }

  hold(hold: Hold): void {
    if (isStall(hold)) this.#delays.told(hold);
  }

  exchange(exchange: Exchange): void {
    const { flow, holds } = exchange;
    if (holds.length === 0) this.#delays.calm(flow);
    else this.#delays.exchange(exchange, holds.filter(isStall), (side) => this.#batch(flow, side));
  }

  nagleOff(flow: Flow, side: Side): void {
    this.#delays.forget(flow, side);
    const batches = this.#waiting.get(flow);
    if (batches === undefined) return;
    batches[side]?.drop();
    batches[side] = null;
  }

  flowEnded(flow: Flow): void {
    for (const batch of this.#waiting.get(flow) ?? []) batch?.commit(this.#delays.tallies);
    this.#waiting.delete(flow);
    this.#delays.flowEnded(flow);
  }

  finish(): readonly Finding[] {
    const tallies = this.#delays.settled();
    for (const batches of this.#waiting.values()) for (const batch of batches) batch?.commit(tallies);
    return [...tallies].map(([service, sender, tally]) => finding(service, sender, tally));
  }

  #batch(flow: Flow, side: Side): Batch {
    let batches = this.#waiting.get(flow);
    if (batches === undefined) {
      batches = [null, null];
      this.#waiting.set(flow, batches);
    }
    batches[side] ??= new Batch(this.#context.services.of(flow), roleOf(flow, side), this.#delays.tallies);
    return batches[side];
  }
}

const HOLDS: DelayKind<Hold> = {
  blame: (hold) => hold.sender,
  interval: (hold) => [hold.atNs, hold.atNs + hold.heldNs],
  timer: (hold) => hold.ackDelayNs,
  proof: (hold) => ({ packets: hold.packets, atNs: hold.atNs, says: proofWords(hold) }),
  marks: ({ packets: [small, ack, released], ackDelayNs, heldNs, smallBytes, releasedBytes }) => [
    [small, `${formatSize(smallBytes)} in flight, less than a full segment`],
    [ack, `lone ACK, ${formatDuration(ackDelayNs)} late`],
    [released, `${formatSize(releasedBytes)} held back until then, ${formatDuration(heldNs)}`],
  ],
};

function proofWords({ flow, sender, packets, smallBytes, releasedBytes, ackDelayNs, heldNs }: Hold): string {
  const [small, ack, released] = packets;
  const from = roleOf(flow, sender);
  return (
    `the ${from} had ${formatSize(smallBytes)} in flight (packet ${small}), the ${otherEnd(from)} acknowledged them alone, ` +
    `${formatDuration(ackDelayNs)} late (packet ${ack}), and at once ${formatSize(releasedBytes)} more followed (packet ${released}): ` +
    `held back for ${formatDuration(heldNs)}`
  );
}

function finding(service: Service, sender: Role, tally: Tally): Finding {
  const timer = tally.timers.count === 0 ? [] : [timerWords(otherEnd(sender), tally.timers.quantile(0.5))];
  return findingOf(service, tally, {
    code: "nagle-delayed-ack",
    severity: "error",
    confidence: "certain",
    title: (delayed) => prose.title(sender, delayed),
    first: timer,
    fix: prose.fix[sender],
  });
}
