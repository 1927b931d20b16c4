/** From a capture's flows to a report: one observer to hand to the flow tracker, and what it concludes. Pure. */
import type { FlowObserver } from "../../capture/flows/flow-events.js";
import { Services } from "../../capture/services/services.js";
import type { CaptureSource, Report } from "../../report/model.js";
import { isPlain } from "./detector.js";
import { Panel } from "./panel.js";
import { CAPTURE_DETECTORS, type CaptureDetectors } from "./registry.js";
import { runOf } from "./service-run.js";
import { captureTheories } from "./theories.js";
import { captureVerdict } from "./verdict.js";

export interface CaptureOptions {
  /** A server that thinks this long, or longer, is slow. */
  readonly slowServerNs: number;
  /** Flows in the report: those that lost most time. */
  readonly flowsShown: number;
  /** The worst exchanges that are told with each finding. */
  readonly evidence: number;
  /** Services in the report; those beyond are one, called `other`. */
  readonly maxServices?: number;
}

export interface SoFar {
  readonly exchanges: number;
  /** Exchanges that something held back, lost or closed has delayed. */
  readonly stalls: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
}

const MAX_SERVICES = 1000;

export interface CaptureAnalysis {
  readonly observer: FlowObserver;
  /** For a line of progress: cheap, and asked again and again. */
  readonly soFar: () => SoFar;
  /** The report on what was seen so far. It may be asked while the capture is read, and changes nothing. */
  readonly conclude: (source: Omit<CaptureSource, "flowsShown">, base: Omit<Report, "source">) => Report;
}

export function captureAnalysis(
  options: CaptureOptions,
  detectors: CaptureDetectors = CAPTURE_DETECTORS,
): CaptureAnalysis {
  const { slowServerNs, flowsShown, evidence, maxServices = MAX_SERVICES } = options;
  const services = new Services({ slowServerNs, flowsShown, maxServices });
  const panel = new Panel(detectors, { services, slowServerNs, proofs: evidence });
  return {
    observer: observerOf(services, panel, slowServerNs),
    soFar: () => soFar(services),
    conclude: (source, base) => conclude(services, panel, slowServerNs, source, base),
  };
}

function soFar(services: Services): SoFar {
  const { exchanges, stalls } = services;
  // Worked out only for those who look.
  return {
    exchanges,
    stalls,
    get p50Ns() {
      return services.latency().quantile(0.5);
    },
    get p99Ns() {
      return services.latency().quantile(0.99);
    },
  };
}

/** The services hear everything before the detectors, and forget a flow after them. */
function observerOf(services: Services, panel: Panel, slowServerNs: number): FlowObserver {
  const handshake = panel.teller("handshake");
  const exchange = panel.teller("exchange");
  const reset = panel.teller("reset");
  const nagleOff = panel.teller("nagleOff");
  const flowEnded = panel.teller("flowEnded");
  const flowStarted = panel.teller("flowStarted");
  return {
    quicStarted: (flow) => services.quicStarted(flow),
    flowStarted(flow) {
      services.flowStarted(flow);
      flowStarted(flow);
    },
    handshake(flow, rttNs) {
      services.handshake(flow, rttNs);
      handshake(flow, rttNs);
    },
    exchange(ended) {
      services.exchange(ended);
      if (!isPlain(ended, slowServerNs)) exchange(ended);
    },
    hold: panel.teller("hold"),
    resend: panel.teller("resend"),
    windowStall: panel.teller("windowStall"),
    flowControlStall: panel.teller("flowControlStall"),
    goaway: panel.teller("goaway"),
    lateAck: panel.teller("lateAck"),
    reset(flow, by, packet, atNs, duringExchange) {
      services.reset(flow, by, packet, atNs, duringExchange);
      reset(flow, by, packet, atNs, duringExchange);
    },
    nagleOff(flow, side) {
      services.nagleOff(flow, side);
      nagleOff(flow, side);
    },
    flowEnded(flow, why) {
      flowEnded(flow, why);
      services.flowEnded(flow);
    },
  };
}

function conclude(
  services: Services,
  panel: Panel,
  slowServerNs: number,
  source: Omit<CaptureSource, "flowsShown">,
  base: Omit<Report, "source">,
): Report {
  services.settle();
  const { findings, detectors } = panel.judgement();
  const named = new Set(findings.flatMap(({ subject }) => ("run" in subject ? [subject.run] : [])));
  const list = services.list(named);
  const flows = services.shownFlows();
  const theories = captureTheories(list, findings, slowServerNs, (service) => services.connectionsOf(service));
  return {
    ...base,
    source: { ...source, flowsShown: flows.length },
    runs: list.map((service) => {
      const own = findings.filter(({ subject }) => "run" in subject && subject.run === service.id);
      return runOf(service, services.connectionsOf(service), own);
    }),
    flows,
    findings,
    theories,
    detectors,
    verdict: { status: "none", reasons: captureVerdict({ services: list, findings, theories, source }) },
  };
}
