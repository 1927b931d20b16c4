/** What is measured of QUIC connections, in histograms that exist, and are small, once something goes into them. */
import { toHistogramData } from "../../report/histogram.js";
import type { HistogramData } from "../../report/primitives.js";
import type { QuicFacts } from "../../report/quic-model.js";
import { LogCounts } from "../../stats/log-counts.js";
import { Activity } from "./activity.js";
import { type Flight, flightOrder } from "./flights.js";
import type { QuicMeasures } from "./quic-measures.js";

type Measured =
  | "handshake"
  | "rtt"
  | "spinRtt"
  | "rejectionCost"
  | "ackDelay client"
  | "ackDelay server"
  | "hit"
  | "spared";

export class QuicTimes implements QuicMeasures {
  readonly streams = new Activity();
  readonly #histograms = new Map<string, LogCounts>();
  readonly #flights = new Map<string, LogCounts>();
  readonly over = { client: 0, server: 0 };

  onHandshake(totalNs: number): void {
    record(this.#histograms, "handshake", totalNs);
  }

  onFlights(flights: readonly Flight[]): void {
    for (const { name, timeNs } of flights) record(this.#flights, name, timeNs);
  }

  onRtt(end: "client" | "server", rttNs: number): void {
    if (end === "server") record(this.#histograms, "rtt", rttNs);
  }

  onSpinRtt(rttNs: number): void {
    record(this.#histograms, "spinRtt", rttNs);
  }

  onAckDelay(end: "client" | "server", delayNs: number, over: boolean): void {
    record(this.#histograms, `ackDelay ${end}`, delayNs);
    if (over) this.over[end]++;
  }

  onRejectionCost(costNs: number): void {
    record(this.#histograms, "rejectionCost", costNs);
  }

  /** An answered request. @param hit bytes of its stream went again, or came late */
  onAnswered(latencyNs: number, hit: boolean): void {
    record(this.#histograms, hit ? "hit" : "spared", latencyNs);
  }

  onStream(change: "opened" | "closed", atNs: number): void {
    if (change === "opened") this.streams.begin(atNs);
    else this.streams.end(atNs);
  }

  /** null: nothing was measured. */
  data(what: Measured): HistogramData | null {
    const histogram = this.#histograms.get(what);
    return histogram === undefined ? null : toHistogramData(histogram.toHistogram());
  }

  /** In the order of the handshake. */
  flights(): QuicFacts["handshake"]["flights"] {
    return [...this.#flights]
      .sort(([a], [b]) => flightOrder(a) - flightOrder(b))
      .map(([name, histogram]) => ({ name, time: toHistogramData(histogram.toHistogram()) }));
  }
}

function record(histograms: Map<string, LogCounts>, what: string, valueNs: number): void {
  let histogram = histograms.get(what);
  if (histogram === undefined) {
    histogram = new LogCounts();
    histograms.set(what, histogram);
  }
  histogram.record(valueNs);
}
