/** A reset (RFC 9293 3.5.3) that broke off a request without an answer, or refused a connection. After an answer it harms nobody. */
import type { Flow, Side } from "../../capture/flows/flow-events.js";
import { brokenBy, roleOf, type Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { PROSE } from "../prose.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { type Role, Tallies, type Tally } from "./tally.js";

const prose = PROSE["connection-reset"];

export const connectionReset: CaptureDetector<"connection-reset"> = {
  code: "connection-reset",
  needs: ["flows"],
  start: (context) => new ResetWatch(context),
};

class ResetWatch implements Watch {
  readonly #context: WatchContext;
  readonly #cut: Tallies;
  readonly #refused: Tallies;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#cut = new Tallies(context.proofs);
    this.#refused = new Tallies(context.proofs);
  }

  reset(flow: Flow, by: Side, packet: number, atNs: number, duringExchange: boolean): void {
    const broken = brokenBy(flow, by, duringExchange);
    if (broken === null) return;
    const role = roleOf(flow, by);
    const tally = (broken === "cut" ? this.#cut : this.#refused).of(this.#context.services.of(flow), role);
    tally.count++;
    if (!tally.wants(0)) return;
    const says =
      broken === "cut" ? `reset by the ${role} while an answer was owed` : "the SYN was answered with a reset";
    tally.prove({ costNs: 0, packets: [packet], atNs, says: `${says} (flow ${flow.id})` });
  }

  finish(): readonly Finding[] {
    const cut = [...this.#cut].map(([service, by, tally]) => cutFinding(service, by, tally));
    const refused = [...this.#refused].map(([service, , tally]) => refusedFinding(service, tally));
    return [...cut, ...refused];
  }
}

const cutFinding = (service: Service, by: Role, tally: Tally): Finding =>
  findingOf(service, tally, {
    code: "connection-reset",
    severity: "error",
    confidence: "certain",
    title: (broken) => prose.title(by, broken),
    first: [],
    fix: prose.fix[by],
    of: service.exchanges + service.cut,
  });

const refusedFinding = (service: Service, tally: Tally): Finding =>
  findingOf(service, tally, {
    code: "connection-reset",
    severity: "error",
    confidence: "certain",
    title: (refused) => prose.captured(refused),
    first: [],
    fix: prose.fix.refused,
    of: service.connect.count + service.refused,
  });
