/** A SYN, or the SYN-ACK, that was lost and sent again after a second (RFC 9293 3.5, RFC 6298 section 2; Linux TCP_TIMEOUT_INIT). */
import type { Flow, Resend } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { MIN_SYN_WAIT_NS } from "../thresholds.js";
import type { CaptureDetector, Watch, WatchContext } from "./detector.js";
import { findingOf } from "./finding.js";
import { known } from "./resends.js";
import { type Role, Tallies } from "./tally.js";

const prose = PROSE["syn-retransmit"];

export const synRetransmit: CaptureDetector<"syn-retransmit"> = {
  code: "syn-retransmit",
  needs: ["handshakes"],
  start: (context) => new SynWatch(context),
};

interface SlowHandshake {
  /** Each wait counts from the SYN before, so they add up. */
  waitedNs: number;
  resends: number;
  readonly first: Resend;
}

class SynWatch implements Watch {
  readonly #context: WatchContext;
  readonly #tallies: Tallies;
  readonly #open = new Map<Flow, SlowHandshake>();

  constructor(context: WatchContext) {
    this.#context = context;
    this.#tallies = new Tallies(context.proofs);
  }

  resend(resend: Resend): void {
    if (resend.kind !== "syn" || resend.waitedNs < MIN_SYN_WAIT_NS) return;
    const slow = this.#open.get(resend.flow);
    if (slow === undefined) this.#open.set(resend.flow, { waitedNs: resend.waitedNs, resends: 1, first: resend });
    else {
      // Both ends may send theirs again in the same wait: the first one's waits are the connection's.
      if (resend.sender === slow.first.sender) slow.waitedNs += resend.waitedNs;
      slow.resends++;
    }
  }

  flowEnded(flow: Flow): void {
    const slow = this.#open.get(flow);
    if (slow === undefined) return;
    this.#open.delete(flow);
    this.#settle(flow, slow, this.#tallies);
  }

  finish(): readonly Finding[] {
    const tallies = this.#tallies.copy();
    for (const [flow, slow] of this.#open) this.#settle(flow, slow, tallies);
    return [...tallies].map(([service, sender, tally]) =>
      findingOf(service, tally, {
        code: "syn-retransmit",
        severity: "warning",
        confidence: "certain",
        title: (delayed) => prose.title(sender, delayed),
        first: [],
        fix: prose.fix,
        // Handshakes with a SYN sent twice tell no round trip, and are not among those measured.
        of: service.connect.count + tally.count,
      }),
    );
  }

  #settle(flow: Flow, { waitedNs, resends, first }: SlowHandshake, tallies: Tallies): void {
    const sender: Role = roleOf(flow, first.sender);
    const tally = tallies.of(this.#context.services.of(flow), sender);
    tally.add(waitedNs, null, null);
    if (!tally.wants(waitedNs)) return;
    const what = sender === "client" ? "SYN" : "SYN-ACK";
    const says = `the ${sender}'s ${what} was sent again ${resends === 1 ? "once" : `${resends} times`}: ${formatDuration(waitedNs)} until the last of them`;
    tally.prove({ costNs: waitedNs, packets: known(first.packets), atNs: first.atNs, says });
  }
}
