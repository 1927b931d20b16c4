/** A request and its answer as they are gathered from inside a connection: a stream of HTTP/2, or one exchange of HTTP/1.1. */
import type { Breakdown } from "../../report/model.js";
import type { FlowControlStall, Hold, Resend, WindowStall } from "../flows/flow-events.js";
import type { Moment } from "./moments.js";

/** What delayed bytes of one end. */
export type Trouble =
  | { readonly kind: "hold"; readonly event: Hold; readonly believed: boolean }
  | { readonly kind: "resend"; readonly event: Resend }
  | { readonly kind: "window"; readonly event: WindowStall }
  | { readonly kind: "flow-control"; readonly event: FlowControlStall };

type Interval = readonly [fromNs: number, toNs: number];

/** A stream that lives for hours may see any number; its figures do not get better by more. */
const MOST_TROUBLES = 256;

/** The packet that is looked at. */
export interface Arrival extends Moment {
  /** It does not fill a segment. */
  readonly small: boolean;
}

/** What delayed an exchange. */
interface Delayed {
  readonly troubles: Trouble[];
  readonly holds: Hold[];
  readonly resends: Resend[];
  readonly windowStalls: WindowStall[];
  readonly flowControlStalls: FlowControlStall[];
  readonly held: Interval[];
  readonly lost: Interval[];
  readonly closed: Interval[];
}

const noDelays = (): Delayed => ({
  troubles: [],
  holds: [],
  resends: [],
  windowStalls: [],
  flowControlStalls: [],
  held: [],
  lost: [],
  closed: [],
});
/** Nobody writes to it. */
const UNDELAYED = noDelays();

export class StreamExchange {
  startNs: number;
  firstPacket: number;
  requestLastNs: number;
  requestBytes = 0;
  requestSegments = 0;
  smallRequestSegments = 0;
  answerFirstNs = Number.NaN;
  answerLastNs = Number.NaN;
  answerBytes = 0;
  answerSegments = 0;
  lastPacket: number;
  /** No other exchange ran on the connection at the same time. */
  alone = true;
  /** From the last byte of the request until the answers to earlier ones had come, where answers come in the order of the requests. */
  behindNs = 0;
  /** What delayed it; most have none, and are many: the lists are made for the first. */
  #delays: Delayed | undefined;
  #requestPacket = 0;
  #answerPacket = 0;
  #lastSmall = false;
  #lastAnswerSmall = false;

  constructor(began: Moment) {
    this.startNs = began.atNs;
    this.requestLastNs = began.atNs;
    this.firstPacket = began.packet;
    this.lastPacket = began.packet;
  }

  get answered(): boolean {
    return !Number.isNaN(this.answerFirstNs);
  }

  get troubled(): boolean {
    return this.#delays !== undefined;
  }

  /** What delayed it, by kind. */
  get delays(): Pick<Delayed, "holds" | "resends" | "windowStalls" | "flowControlStalls"> {
    return this.#delays ?? UNDELAYED;
  }

  /** Its request came whole before the connection was read. */
  wasAsked(request: { lastNs: number; bytes: number; segments: number; smallSegments: number }): void {
    this.requestLastNs = request.lastNs;
    this.requestBytes = request.bytes;
    this.requestSegments = request.segments;
    this.smallRequestSegments = request.smallSegments;
  }

  asked(bytes: number, now: Arrival): void {
    this.requestLastNs = now.atNs;
    this.requestBytes += bytes;
    if (now.packet === this.#requestPacket) return;
    if (this.#lastSmall) this.smallRequestSegments++;
    this.#requestPacket = now.packet;
    this.#lastSmall = now.small;
    this.requestSegments++;
  }

  /** @param began when its first byte came */
  answers(bytes: number, began: Moment, now: Arrival): void {
    if (!this.answered) this.answerFirstNs = Math.max(began.atNs, this.startNs);
    this.answerLastNs = now.atNs;
    this.answerBytes += bytes;
    this.lastPacket = now.packet;
    if (now.packet === this.#answerPacket) return;
    this.#answerPacket = now.packet;
    // Behind other answers it may begin at the end of a full segment and go on in the next: nobody has split it.
    const isCutBySize = this.answerSegments === 1 && !this.alone && !this.#lastAnswerSmall;
    if (!isCutBySize) this.answerSegments++;
    this.#lastAnswerSmall = now.small;
  }

  /** Bytes of it were delayed by this. Told again, it counts once. */
  delayedBy(trouble: Trouble): void {
    this.#delays ??= noDelays();
    const { troubles, holds, resends, windowStalls, flowControlStalls, held, lost, closed } = this.#delays;
    if (troubles.length >= MOST_TROUBLES || troubles.some(({ event }) => event === trouble.event)) return;
    troubles.push(trouble);
    switch (trouble.kind) {
      case "hold": {
        const { atNs, heldNs } = trouble.event;
        holds.push(trouble.event);
        if (trouble.believed) {
          held.push([atNs, atNs + heldNs]);
          this.#heldFrom(trouble.event);
        }
        break;
      }
      case "resend": {
        const { atNs, waitedNs, kind } = trouble.event;
        resends.push(trouble.event);
        if (kind !== "spurious") lost.push([atNs - waitedNs, atNs]);
        break;
      }
      case "window":
        windowStalls.push(trouble.event);
        closed.push(intervalOf(trouble.event));
        break;
      default:
        flowControlStalls.push(trouble.event);
        closed.push(intervalOf(trouble.event));
    }
  }

  /** What held back its very first byte began before the wire saw anything of it: to who asked, that is its beginning. */
  #heldFrom({ packets: [small, , released], atNs }: Hold): void {
    if (released !== this.firstPacket || this.answered) return;
    this.startNs = Math.min(this.startNs, atNs);
    this.firstPacket = small;
  }

  /**
   * Where the latency went; the parts add up to it, and time that has two causes is told once: a hold before a loss before a window.
   * @param legNs least round trip from the capture point to the server
   */
  breakdownNs(legNs: number): Breakdown {
    const { startNs, answerLastNs, requestLastNs, answerFirstNs } = this;
    const { held, lost, closed } = this.#delays ?? UNDELAYED;
    const within = (intervals: readonly Interval[], [fromNs, toNs]: Interval): number =>
      coveredNs(intervals, Math.max(fromNs, startNs), Math.min(toNs, answerLastNs));
    const all: Interval = [startNs, answerLastNs];
    const senderHold = within(held, all);
    const loss = within([...held, ...lost], all) - senderHold;
    const stalls = [...held, ...lost, ...closed];
    const window = within(stalls, all) - senderHold - loss;
    const left = Math.max(0, answerLastNs - startNs - senderHold - loss - window);
    const between: Interval = [requestLastNs, answerFirstNs];
    const waitNs = Math.max(0, answerFirstNs - requestLastNs - within(stalls, between));
    const network = Math.min(left, waitNs, legNs);
    const server = Math.min(left - network, waitNs - network);
    return { network, senderHold, loss, window, server, transfer: left - network - server };
  }
}

const intervalOf = ({ atNs, closedNs }: { readonly atNs: number; readonly closedNs: number }): Interval => [
  atNs,
  atNs + closedNs,
];

/** Time of `[fromNs, toNs]` that the intervals cover. */
function coveredNs(intervals: readonly Interval[], fromNs: number, toNs: number): number {
  let untilNs = fromNs;
  let sumNs = 0;
  const sorted = intervals.length > 1 ? [...intervals].sort((left, right) => left[0] - right[0]) : intervals;
  for (const [beginNs, endNs] of sorted) {
    const end = Math.min(endNs, toNs);
    if (end <= untilNs) continue;
    sumNs += end - Math.max(beginNs, untilNs);
    untilNs = end;
  }
  return sumNs;
}
