/**
 * All detectors at once, as one observer. One that throws, at whatever it is told, is heard no more and becomes a `failed`
 * outcome; the others go on. Called for every exchange of a capture: nothing is allocated per event, and nobody is called who
 * does not listen.
 */
import type { FlowObserver } from "../../capture/flows/flow-events.js";
import type { DetectorOutcome, Finding } from "../../report/model.js";
import { CAPTURE_FINDING_CODES, type CaptureFindingCode } from "../finding-codes.js";
import type { Judgement } from "../judge.js";
import { mostSevereFirst } from "../judge.js";
import { noAcks } from "../quic/subject.js";
import type { Need, Watch, WatchContext } from "./detector.js";
import type { CaptureDetectors } from "./registry.js";

type Event = keyof FlowObserver;

interface Seat {
  readonly code: CaptureFindingCode;
  readonly needs: readonly Need[];
  readonly watch: Watch | null;
  failure: string | null;
}

interface Listener {
  readonly seat: Seat;
  readonly hear: (...told: unknown[]) => void;
}

export class Panel {
  readonly #context: WatchContext;
  readonly #seats: readonly Seat[];

  constructor(detectors: CaptureDetectors, context: WatchContext) {
    this.#context = context;
    this.#seats = CAPTURE_FINDING_CODES.map((code) => seatOf(detectors, code, context));
  }

  /** Tells an event to those who listen to it. */
  teller<E extends Event>(event: E): NonNullable<FlowObserver[E]> {
    const listeners: Listener[] = this.#seats.flatMap((seat) => {
      const hear = seat.watch?.[event];
      return hear === undefined ? [] : [{ seat, hear: (hear as Listener["hear"]).bind(seat.watch) }];
    });
    // No event has more than five parts; a rest parameter would make an array for each of them.
    const tell = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown): void => {
      for (let at = 0; at < listeners.length; at++) {
        const { seat, hear } = listeners[at] as Listener;
        if (seat.failure !== null) continue;
        try {
          hear(a, b, c, d, e);
        } catch (error) {
          seat.failure = reasonOf(error);
        }
      }
    };
    return tell as NonNullable<FlowObserver[E]>;
  }

  /** Findings in the order of a report, and how each detector fared. It may be asked more than once. */
  judgement(): Judgement {
    this.#context.services.settle();
    const results = this.#seats.map((seat) => this.#finish(seat));
    return {
      findings: results.flatMap(({ findings }) => findings).sort(mostSevereFirst),
      detectors: results.map(({ outcome }) => outcome),
    };
  }

  #finish(seat: Seat): { findings: readonly Finding[]; outcome: DetectorOutcome } {
    const { code, needs, watch } = seat;
    let findings: readonly Finding[] = [];
    try {
      if (seat.failure === null) findings = watch?.finish() ?? [];
    } catch (error) {
      seat.failure = reasonOf(error);
    }
    if (seat.failure !== null) return { findings: [], outcome: { code, status: "failed", reason: seat.failure } };
    const { services } = this.#context;
    const obstacle =
      findings.length > 0
        ? undefined
        : needs.map((need) => OBSTACLES[need](services)).find((reason) => reason !== null);
    if (obstacle !== undefined && obstacle !== null) {
      return { findings, outcome: { code, status: "not-applicable", reason: obstacle } };
    }
    const reason = `looked at ${services.exchanges} exchanges in ${services.flows + services.quicFlows} connections`;
    return { findings, outcome: { code, status: "ran", reason } };
  }
}

function seatOf(detectors: CaptureDetectors, code: CaptureFindingCode, context: WatchContext): Seat {
  const { needs, start } = detectors[code];
  try {
    return { code, needs, watch: start(context), failure: null };
  } catch (error) {
    return { code, needs, watch: null, failure: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const NOTHING_ASKED = "no request with its answer was seen: one direction only, or nothing was asked";
const NO_HANDSHAKE = "no handshake was captured: the connections were open before it began";

/** Why a detector that found nothing may not say so; null: it may. */
const OBSTACLES: Readonly<Record<Need, (services: WatchContext["services"]) => string | null>> = {
  flows: noFlows,
  exchanges: (services) => noFlows(services) ?? (services.tcpAsked > 0 ? null : NOTHING_ASKED),
  "any-exchanges": (services) => {
    if (services.exchanges > 0) return null;
    if (services.quicFlows === 0) return noFlows(services) ?? NOTHING_ASKED;
    return `${services.flows === 0 ? "" : `${NOTHING_ASKED}; `}streams of QUIC are read with a key log (--keylog)`;
  },
  "any-handshakes": (services) =>
    services.handshakes > 0 || services.opened > 0 || services.quicFlows > 0
      ? null
      : (noFlows(services) ?? NO_HANDSHAKE),
  quic: noQuic,
  "quic-acks": (services) => noQuic(services) ?? noAcks(services.quicSubjects()),
  "quic-early-data": (services) => noQuic(services) ?? unknownEarlyData(services),
  "both-directions": (services) =>
    noFlows(services) ??
    (services.bothWays > 0 || services.tcpAsked > 0 ? null : "only one direction of each connection was captured"),
  http2: (services) =>
    noFlows(services) ??
    (services.http2 > 0
      ? null
      : "no stream of HTTP/2 was read: none was seen in clear text, and inside of TLS it takes a key log (--keylog)"),
  handshakes: (services) => noFlows(services) ?? (services.handshakes > 0 || services.opened > 0 ? null : NO_HANDSHAKE),
};

function noQuic({ quicFlows }: WatchContext["services"]): string | null {
  return quicFlows > 0 ? null : "no QUIC connection in the capture";
}

/** What became of 0-RTT stands in an encrypted message of the server. */
function unknownEarlyData(services: WatchContext["services"]): string | null {
  const early = services.quicSubjects().map(({ facts }) => facts.earlyData);
  const sum = (field: "offered" | "accepted" | "rejected") => early.reduce((total, one) => total + one[field], 0);
  const unknown = sum("offered") - sum("accepted") - sum("rejected");
  return unknown > 0
    ? `what became of 0-RTT in ${unknown} connections is encrypted; a key log (--keylog) opens it`
    : null;
}

function noFlows({ flows }: WatchContext["services"]): string | null {
  return flows > 0 ? null : "no TCP connection in the capture";
}
