/**
 * QUIC connections added up into what a report says of them: of a service in a capture, of a cell of a probe. A connection counts
 * from `watch` on, so that `facts` may be asked at any time; nothing is counted twice. Memory does not grow with time: what is
 * measured goes into histograms at once, and of a connection that is over only counts stay.
 */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { QuicFacts } from "../../report/quic-model.js";
import type { QuicExchange } from "./quic-exchange.js";
import { QuicTimes } from "./quic-times.js";
import { addConnection, bump, newTotals, type QuicTotals } from "./quic-totals.js";
import { QuicWatch, type QuicWatchOptions } from "./quic-watch.js";

/** What only the owner of the connections knows: an engine its own window, a probe what it took for a failure. */
export interface QuicSupplement {
  readonly congestionWindowBytes?: QuicFacts["congestionWindowBytes"];
  readonly migrations?: QuicFacts["migrations"];
  /** By kind; where given, in place of what the datagrams show. */
  readonly connectionsFailed?: Readonly<Record<string, number>>;
  readonly streamsFailed?: Readonly<Record<string, number>>;
}

const NS_PER_S = 1e9;

export class QuicTally {
  readonly #over: QuicTotals = newTotals();
  readonly #living = new Set<QuicWatch>();
  readonly #closed = new Set<QuicWatch>();
  readonly #times = new QuicTimes();
  readonly #streamsFailed = new Map<string, number>();
  /** Requests that began before this moment, such as a warm-up, are no part of `lossDelay`. */
  measuresFromNs = Number.NEGATIVE_INFINITY;
  #opened = 0;
  #mostActive = 0;
  #contentBytes = 0;

  /** Begins to watch a connection, which counts from now on. */
  watch(options: QuicWatchOptions = {}): QuicWatch {
    const { keyLog, onEvent, onExchange, measures = [] } = options;
    const watch = new QuicWatch({
      keyLog,
      onEvent,
      onExchange: (exchange) => {
        this.#exchange(exchange);
        onExchange?.(exchange);
      },
      measures: [this.#times, ...measures],
    });
    this.#living.add(watch);
    this.#opened++;
    this.#mostActive = Math.max(this.#mostActive, this.#living.size - this.#closed.size);
    return watch;
  }

  /** The connection was closed, and is not active any more; what was on its way may still come, until `end`. */
  close(watch: QuicWatch): void {
    if (this.#living.has(watch)) this.#closed.add(watch);
  }

  /** The connection is over: what is open is told, and only counts of it stay. A second call does nothing. */
  end(watch: QuicWatch): void {
    if (!this.#living.delete(watch)) return;
    this.#closed.delete(watch);
    watch.finish();
    addConnection(this.#over, watch, true);
  }

  /** All connections so far, those that live as they stand. */
  facts(supplement: QuicSupplement = {}): QuicFacts {
    const totals = this.#living.size === 0 ? this.#over : structuredClone(this.#over);
    for (const watch of this.#living) addConnection(totals, watch, false);
    const times = this.#times;
    const { versions, alpn, suites, sni, early, datagrams, loss, parameters } = totals;
    return {
      versions: named(versions),
      alpn: named(alpn),
      suites: named(suites),
      sni: named(sni),
      connections: {
        opened: this.#opened,
        mostActive: this.#mostActive,
        failed: { ...(supplement.connectionsFailed ?? named(totals.failed)) },
      },
      streams: {
        opened: times.streams.opened,
        mostActive: times.streams.mostActive,
        failed: { ...(supplement.streamsFailed ?? named(this.#streamsFailed)) },
      },
      opened: { packets: totals.opened, of: totals.packets, says: unreadWords(totals.unread) },
      handshake: {
        total: times.data("handshake"),
        flights: times.flights(),
        retries: totals.retries,
        versionNegotiations: totals.versionNegotiations,
        helloRetries: totals.helloRetries,
      },
      earlyData: { ...early, rejectionCost: times.data("rejectionCost") },
      rtt: times.data("rtt"),
      spinRtt: times.data("spinRtt"),
      ackDelay: { client: this.#ackDelay("client", totals), server: this.#ackDelay("server", totals) },
      loss: { client: copied(loss.client), server: copied(loss.server) },
      ...lossDelayOf(times),
      datagrams: { client: { ...datagrams.client }, server: { ...datagrams.server } },
      congestionWindowBytes: supplement.congestionWindowBytes ?? null,
      goodputBytesPerSecond: times.streams.busyNs === 0 ? 0 : (this.#contentBytes * NS_PER_S) / times.streams.busyNs,
      transportParameters: { ...parameters },
      migrations: [...(supplement.migrations ?? [])],
      closes: named(totals.closes),
      h3: totals.h3
        ? {
            serverSettings: { ...totals.serverSettings },
            goaways: totals.goaways,
            qpackInstructions: totals.qpackInstructions,
          }
        : null,
    };
  }

  #exchange({ outcome, reset, contentBytes, requestNs, responseEndNs, hit }: QuicExchange): void {
    this.#contentBytes += contentBytes;
    const measured = outcome === "complete" && requestNs >= this.measuresFromNs;
    if (measured && responseEndNs !== undefined) this.#times.onAnswered(responseEndNs - requestNs, hit);
    if (reset !== undefined && outcome === "reset") bump(this.#streamsFailed, `${reset.by}: ${reset.error}`);
    else if (outcome === "malformed") bump(this.#streamsFailed, "malformed");
  }

  #ackDelay(end: Sender, totals: QuicTotals): QuicFacts["ackDelay"]["client"] {
    const claimed = this.#times.data(`ackDelay ${end}`);
    return claimed && { advertisedNs: totals.advertisedNs[end], claimed, over: this.#times.over[end] };
  }
}

/** Only where loss has hit some of the requests, and others not. */
function lossDelayOf(times: QuicTimes): Pick<QuicFacts, "lossDelay"> {
  const [hit, spared] = [times.data("hit"), times.data("spared")];
  return hit === null || spared === null ? {} : { lossDelay: { hit, spared } };
}

const named = (counts: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries(counts);
const copied = <T extends object>(facts: T | undefined): T | null => (facts === undefined ? null : { ...facts });

function unreadWords(reasons: ReadonlyMap<string, number>): string {
  const counted = [...reasons].map(([reason, count]) => `${count} connection${count === 1 ? "" : "s"}: ${reason}`);
  return counted.join("; ");
}
