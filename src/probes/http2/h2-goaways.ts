/** How the server ended connections: one entry for each. */
import type { H2Event } from "../../protocols/h2/events.js";
import type { H2Facts } from "../../report/model.js";
import type { H2Link } from "./h2-link.js";

type Goaway = H2Facts["goaways"][number];

export class Goaways {
  readonly entries: Goaway[] = [];
  readonly #of = new WeakMap<H2Link, Goaway>();

  /** A graceful end says it twice, the second time with the last stream (RFC 9113 section 6.8). */
  note(link: H2Link, event: Extract<H2Event, { type: "goaway" }>): void {
    const { codeName, lastStreamId, debug, unprocessed } = event;
    const before = this.#of.get(link);
    if (before === undefined) {
      this.#add(link, event);
      return;
    }
    before.lastStream = lastStreamId;
    before.lostStreams += unprocessed.length;
    if (codeName !== "NO_ERROR") before.errorCode = codeName;
    if (debug !== "") before.debug = debug;
  }

  #add(link: H2Link, { codeName, lastStreamId, debug, atNs, unprocessed }: Extract<H2Event, { type: "goaway" }>): void {
    const entry: Goaway = {
      errorCode: codeName,
      lastStream: lastStreamId,
      debug,
      afterNs: Math.round(atNs - link.openNs),
      ourSettingsAcked: (link.client?.exchange.peerAckedNs ?? -1) >= 0,
      pings: link.pings,
      lostStreams: unprocessed.length,
    };
    this.#of.set(link, entry);
    this.entries.push(entry);
  }
}
