/**
 * Nagle's algorithm held a small segment until the ACK of an earlier one, and the receiver delayed that ACK (RFC 896,
 * RFC 1122 4.2.3.2; Linux TCP_DELACK_MIN = HZ/25). The tracker tells the holds; here they are counted once per exchange, and only
 * while nothing shows that the sender has Nagle's algorithm off: then the pauses were its application's.
 */
import type { Exchange, Flow, Hold, Side } from "../../capture/flows/flow-events.js";
import { roleOf, type Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { PROSE } from "../prose.js";
import { PROMPT_PER_LOOSE } from "../thresholds.js";
import { Batch } from "./batch.js";
import { timerWords } from "./delayed-ack-timer.js";
import { type DelayKind, Delays } from "./delays.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { isStall, otherEnd } from "./stall.js";
import type { Role, Tallies, Tally } from "./tally.js";

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
  readonly #waiting = new Map<Flow, [HeldBack | null, HeldBack | null]>();

  constructor(context: WatchContext) {
    this.#context = context;
    this.#delays = new Delays(HOLDS, context);
  }

  hold(hold: Hold): void {
    if (hold.prompt && isStall(hold)) this.#delays.told(hold);
  }

  exchange(exchange: Exchange): void {
    const { flow, holds } = exchange;
    if (holds.length === 0) {
      this.#delays.calm(exchange);
      return;
    }
    const stalls = holds.every(isStall) ? holds : holds.filter(isStall);
    const sure = (side: Side): boolean => stalls.some((hold) => hold.sender === side && hold.prompt);
    this.#delays.exchange(exchange, stalls, (side) => this.#heldBack(flow, side).sink(sure(side)));
  }

  nagleOff(flow: Flow, side: Side): void {
    this.#delays.forget(flow, side);
    const sides = this.#waiting.get(flow);
    if (sides === undefined) return;
    sides[side]?.drop();
    sides[side] = null;
  }

  flowEnded(flow: Flow): void {
    for (const side of this.#waiting.get(flow) ?? []) side?.commit(this.#delays.tallies);
    this.#waiting.delete(flow);
    this.#delays.flowEnded(flow);
  }

  finish(): readonly Finding[] {
    const tallies = this.#delays.settled();
    for (const sides of this.#waiting.values()) for (const side of sides) side?.commit(tallies);
    return [...tallies].map(([service, sender, tally]) => finding(service, sender, tally));
  }

  #heldBack(flow: Flow, side: Side): HeldBack {
    let sides = this.#waiting.get(flow);
    if (sides === undefined) {
      sides = [null, null];
      this.#waiting.set(flow, sides);
    }
    sides[side] ??= new HeldBack(this.#context.services.of(flow), roleOf(flow, side), this.#delays.tallies);
    return sides[side];
  }
}

/** Delayed exchanges of one side of a flow: those whose release was prompt, and those that are believed only beside enough of the former. */
class HeldBack {
  readonly #prompt: Batch;
  readonly #loose: Batch;
  #prompts = 0;
  #looses = 0;

  constructor(service: Service, role: Role, tallies: Tallies) {
    this.#prompt = new Batch(service, role, tallies, () => true);
    this.#loose = new Batch(service, role, tallies, () => this.#prompts >= PROMPT_PER_LOOSE * this.#looses);
  }

  /** Where the next delayed exchange goes. */
  sink(prompt: boolean): Batch {
    if (prompt) this.#prompts++;
    else this.#looses++;
    return prompt ? this.#prompt : this.#loose;
  }

  commit(tallies: Tallies): void {
    this.#prompt.commit(tallies);
    this.#loose.commit(tallies);
  }

  drop(): void {
    this.#prompt.drop();
    this.#loose.drop();
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

function proofWords({ flow, sender, smallBytes, releasedBytes, ackDelayNs, heldNs }: Hold): string {
  const from = roleOf(flow, sender);
  return (
    `the ${from} had ${formatSize(smallBytes)} in flight, the ${otherEnd(from)} acknowledged them alone, ` +
    `${formatDuration(ackDelayNs)} late, and at once ${formatSize(releasedBytes)} more followed: ` +
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
