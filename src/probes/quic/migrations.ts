/** Connections that move to a new local port on purpose (RFC 9000 section 9), and what it cost. */
import type { PathChange } from "../../quic/application.js";
import { nowNs } from "../clock.js";
import type { LaneFacts } from "./lane-facts.js";
import type { QuicLink } from "./quic-link.js";

interface Move {
  readonly afterRequests: number;
  readonly startedNs: number;
  readonly toPort: number;
}

export class Migrations {
  readonly #after: number | undefined;
  readonly #facts: LaneFacts;
  readonly #moved = new WeakSet<QuicLink>();
  readonly #underWay = new Map<QuicLink, Move>();

  /** @param after answered requests of a connection; undefined: none moves */
  constructor(after: number | undefined, facts: LaneFacts) {
    this.#after = after;
    this.#facts = facts;
  }

  answered(link: QuicLink): void {
    const { client } = link;
    if (this.#after === undefined || client === undefined || link.answered < this.#after || this.#moved.has(link))
      return;
    this.#moved.add(link);
    const afterRequests = link.answered;
    const startedNs = nowNs();
    const notMoved = (reason: string): void =>
      this.#facts.migrated({ afterRequests, validatedNs: null, lostRequests: 0, says: `not moved: ${reason}` });
    client.migrate().then(
      (refused) => {
        if (refused === undefined) this.#underWay.set(link, { afterRequests, startedNs, toPort: client.localPort });
        else notMoved(refused);
      },
      (error: NodeJS.ErrnoException) => notMoved(`there is no new socket (${error.code ?? error.message})`),
    );
  }

  path(link: QuicLink, { localPort, state }: PathChange): void {
    const move = this.#underWay.get(link);
    if (move === undefined || move.toPort !== localPort) return;
    this.#underWay.delete(link);
    const { afterRequests } = move;
    const validatedNs = state === "validated" ? Math.round(nowNs() - move.startedNs) : null;
    const says =
      state === "validated" ? "the server validated the new path" : "the server did not validate the new path";
    this.#facts.migrated({ afterRequests, validatedNs, lostRequests: 0, says });
  }

  /** The connection ended, and so many requests with it. */
  lost(link: QuicLink, requests: number): void {
    const move = this.#underWay.get(link);
    if (move === undefined) return;
    this.#underWay.delete(link);
    const { afterRequests } = move;
    const says = "the connection ended before the new path was validated";
    this.#facts.migrated({ afterRequests, validatedNs: null, lostRequests: requests, says });
  }
}
