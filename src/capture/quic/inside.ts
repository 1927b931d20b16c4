/** What was read inside of QUIC connections, and of which not, and why. */
import { isDoq } from "./alpn.js";
import { bump, whyUnread } from "./quic-totals.js";
import type { QuicWatch } from "./quic-watch.js";

export class InsideQuic {
  readonly #read = new Map<string, number>();
  readonly #unread = new Map<string, number>();

  /** Adds a connection that is over. @param cut its first datagram was not captured whole */
  add(watch: QuicWatch, cut: boolean): void {
    const { state } = watch.conversation;
    if (cut) bump(this.#unread, "QUIC: packets are cut off by the snap length (tcpdump -s 0 takes all)");
    else if (state.state === "plaintext-known") bump(this.#read, `${nameOf(watch)} in QUIC`);
    else if (watch.failure !== undefined) bump(this.#unread, `QUIC, no connection came about: ${watch.failure}`);
    else if ("reason" in state) bump(this.#unread, whyUnread(state).replace(/^(?!QUIC)/, "QUIC: "));
  }

  get read(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#read);
  }

  get unread(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#unread);
  }
}

function nameOf({ speaksH3, protocol }: QuicWatch): string {
  if (speaksH3) return "HTTP/3";
  if (protocol === undefined) return "streams";
  return isDoq(protocol) ? "DNS" : protocol;
}
