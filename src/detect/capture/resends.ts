/** What `rto` and `fast-retransmit` have in common: exchanges that waited until something lost was sent again. */
import type { Exchange, Flow, Resend } from "../../capture/flows/flow-events.js";
import { roleOf, type Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { type DelayKind, Delays } from "./delays.js";
import type { Watch, WatchContext } from "./detector.js";
import type { Role, Tally } from "./tally.js";

type Kind = "rto" | "fast-retransmit";

export class ResendWatch implements Watch {
  readonly #kind: Kind;
  readonly #delays: Delays<Resend>;
  readonly #finding: (service: Service, sender: Role, tally: Tally) => Finding;

  constructor(kind: Kind, context: WatchContext, finding: (service: Service, sender: Role, tally: Tally) => Finding) {
    this.#kind = kind;
    this.#delays = new Delays(resendsOf(kind), context);
    this.#finding = finding;
  }

  resend(resend: Resend): void {
    // A FIN alone that is sent again keeps nobody waiting.
    if (resend.kind === this.#kind && resend.bytes > 0) this.#delays.told(resend);
  }

  exchange(exchange: Exchange): void {
    const { resends } = exchange;
    if (resends.length === 0) this.#delays.calm(exchange);
    else
      this.#delays.exchange(
        exchange,
        resends.filter(({ kind }) => kind === this.#kind),
      );
  }

  flowEnded(flow: Flow): void {
    this.#delays.flowEnded(flow);
  }

  finish(): readonly Finding[] {
    return [...this.#delays.settled()].map(([service, sender, tally]) => this.#finding(service, sender, tally));
  }
}

const resendsOf = (kind: Kind): DelayKind<Resend> => ({
  blame: (resend) => resend.sender,
  interval: (resend) => [resend.atNs - resend.waitedNs, resend.atNs],
  timer: (resend) => (kind === "rto" ? resend.waitedNs : null),
  proof: (resend) => ({ packets: known(resend.packets), atNs: resend.atNs, says: proofWords(resend) }),
  marks: ({ packets: [original, resent], waitedNs }) => [
    ...(original === null ? [] : [[original, `lost, sent again in packet ${resent}`] as const]),
    [resent, `sent again after ${formatDuration(waitedNs)}`],
  ],
});

function proofWords({ flow, sender, kind, bytes, waitedNs, duplicateAcks }: Resend): string {
  const why = kind === "rto" ? "its timer ran out" : "duplicate ACKs, SACK or RACK told of the loss";
  const seen = `${duplicateAcks} duplicate ACK${duplicateAcks === 1 ? "" : "s"} seen`;
  return `the ${roleOf(flow, sender)} sent ${formatSize(bytes)} again after ${formatDuration(waitedNs)}: ${why} (${seen})`;
}

export const known = (packets: readonly (number | null)[]): number[] => packets.filter((packet) => packet !== null);
