/** The connections that a channel has: the one for new requests and those that end, with what of each has been counted. */
import type { H2Stream } from "../../protocols/h2/stream.js";
import type { KernelFacts } from "../probe.js";
import type { NetCounters } from "../tcp/net-counters.js";
import type { H2Link } from "./h2-link.js";
import { type Counted, type H2Tally, NOTHING_COUNTED } from "./h2-tally.js";

export class H2Links {
  readonly #tally: H2Tally;
  readonly #counters: NetCounters;
  #current: H2Link | null = null;
  /** Ended by the server, with requests that still run. */
  readonly #draining = new Set<H2Link>();
  readonly #counted = new Map<H2Link, Counted>();
  /** A measured block has begun: what ended before it is not counted. */
  #marked = false;

  /** @param counters what the kernel says of the sockets */
  constructor(tally: H2Tally, counters: NetCounters) {
    this.#tally = tally;
    this.#counters = counters;
  }

  /** The connection for new requests, open or not; null: none is there. */
  get current(): H2Link | null {
    return this.#current;
  }

  /** New requests go to this one from now on. */
  use(link: H2Link): void {
    this.#current = link;
  }

  /** The connection that a stream runs on. */
  of(stream: H2Stream): H2Link | undefined {
    const carries = ({ client }: H2Link) => client?.streams.get(stream.id) === stream;
    return this.#all().find(carries) ?? this.#current ?? undefined;
  }

  /** What is counted starts here. */
  mark(): void {
    this.#marked = true;
    this.#counters.mark(this.#current?.net ?? null);
    for (const link of this.#all()) this.#count(link, true);
  }

  facts(): KernelFacts | null {
    for (const link of this.#all()) this.#count(link, false);
    if (this.#current !== null) this.#counters.take(this.#current.net);
    return this.#counters.facts();
  }

  /** The current one gets no new requests; it is closed when what runs on it has ended. */
  retire(): void {
    const link = this.#current;
    if (link === null) return;
    this.#current = null;
    this.#counters.dropping(link.net);
    if ((link.client?.streams.size ?? 0) > 0) this.#draining.add(link);
    else this.forget(link);
  }

  /** Closes the current one at once. */
  drop(): void {
    if (this.#current === null) return;
    this.#counters.dropping(this.#current.net);
    this.forget(this.#current);
  }

  /** Closes those that were retired and have nothing to do any more. */
  settle(): void {
    for (const link of this.#draining) if ((link.client?.streams.size ?? 0) === 0) this.forget(link);
  }

  forget(link: H2Link): void {
    this.#count(link, !this.#marked);
    this.#counted.delete(link);
    this.#draining.delete(link);
    if (link === this.#current) this.#current = null;
    link.drop();
  }

  /** Closes all of them; nothing more is counted. */
  close(): void {
    for (const link of this.#all()) link.drop();
    this.#draining.clear();
    this.#counted.clear();
    this.#current = null;
  }

  /** Adds a connection's counters to the lane's. @param skip only remember where they stand: what was before is not measured */
  #count(link: H2Link, skip: boolean): void {
    const { client } = link;
    if (client === undefined) return;
    const before = this.#counted.get(link) ?? NOTHING_COUNTED;
    this.#counted.set(link, skip ? this.#tally.look(client) : this.#tally.add(client, before));
  }

  #all(): H2Link[] {
    return this.#current === null ? [...this.#draining] : [this.#current, ...this.#draining];
  }
}
