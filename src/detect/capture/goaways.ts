/** What `h2-goaway` and `h2-ping-enforced` have in common: connections that the server ended with GOAWAY (RFC 9113 section 6.8). */
import type { Flow, SeenGoaway } from "../../capture/flows/flow-events.js";
import { roleOf, type Service } from "../../capture/services/service.js";
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { Watch, WatchContext } from "./detector.js";
import { Tallies, type Tally } from "./tally.js";

/** Of each service, for the title: more codes than these are no help. */
const MOST_CODES = 4;

export interface GoawaySums {
  readonly codes: ReadonlySet<string>;
  /** All said NO_ERROR, and left no stream unanswered. */
  readonly graceful: boolean;
  readonly debug: string;
  /** Connections of the service. */
  readonly of: number;
}

/** What is kept of each service beside its tally. */
interface Kept {
  readonly codes: Set<string>;
  graceful: boolean;
  debug: string;
}

export class GoawayWatch implements Watch {
  readonly #context: WatchContext;
  readonly #wanted: (goaway: SeenGoaway) => boolean;
  readonly #finding: (service: Service, tally: Tally, sums: GoawaySums) => Finding;
  readonly #tallies: Tallies;
  readonly #kept = new Map<Service, Kept>();
  /** Of live flows the server's last one: a graceful end has two, and the second tells what was left. null: the client went first. */
  readonly #live = new Map<Flow, SeenGoaway | null>();

  constructor(
    context: WatchContext,
    wanted: (goaway: SeenGoaway) => boolean,
    finding: (service: Service, tally: Tally, sums: GoawaySums) => Finding,
  ) {
    this.#context = context;
    this.#wanted = wanted;
    this.#finding = finding;
    this.#tallies = new Tallies(context.proofs);
  }

  goaway(goaway: SeenGoaway): void {
    const { flow, by } = goaway;
    if (this.#live.get(flow) === null) return;
    if (roleOf(flow, by) === "server") this.#live.set(flow, goaway);
    else if (!this.#live.has(flow)) this.#live.set(flow, null);
  }

  flowEnded(flow: Flow): void {
    const goaway = this.#live.get(flow);
    this.#live.delete(flow);
    if (goaway) this.#add(goaway, this.#tallies, this.#kept);
  }

  finish(): readonly Finding[] {
    const tallies = this.#tallies.copy();
    const kept = new Map([...this.#kept].map(([service, one]) => [service, { ...one, codes: new Set(one.codes) }]));
    for (const goaway of this.#live.values()) if (goaway) this.#add(goaway, tallies, kept);
    return [...tallies].map(([service, , tally]) => {
      // Each ended connection costs the next request a new one.
      const setupNs = service.connect.count === 0 ? 0 : service.connect.quantile(0.5);
      for (let i = 0; i < tally.count; i++) tally.costs.record(setupNs);
      const of = Math.max(tally.count, this.#context.services.connectionsOf(service));
      return this.#finding(service, tally, { ...(kept.get(service) as Kept), of });
    });
  }

  #add(goaway: SeenGoaway, tallies: Tallies, kept: Map<Service, Kept>): void {
    if (!this.#wanted(goaway)) return;
    const { flow, packet, atNs, codeName, debug, lostStreams } = goaway;
    const service = this.#context.services.of(flow);
    const tally = tallies.of(service, "server");
    tally.count++;
    const known = kept.get(service) ?? { codes: new Set<string>(), graceful: true, debug };
    kept.set(service, known);
    if (known.codes.size < MOST_CODES) known.codes.add(codeName);
    known.graceful &&= codeName === "NO_ERROR" && lostStreams === 0;
    if (tally.wants(0)) tally.prove({ costNs: 0, packets: [packet], atNs, says: proofWords(goaway) });
  }
}

function proofWords({ flow, atNs, codeName, debug, lastStreamId, lostStreams, pings }: SeenGoaway): string {
  const text = debug === "" ? "" : ` "${debug}"`;
  const after = `${formatDuration(Math.max(0, atNs - flow.startNs))} after the connection began`;
  const left = `${lostStreams} above it without an answer`;
  const pinged = pings === 0 ? "" : `, after ${pings} ${pings === 1 ? "ping" : "pings"} of the client`;
  return `GOAWAY ${codeName}${text} ${after}, last stream ${lastStreamId}, ${left}${pinged} (flow ${flow.id})`;
}
