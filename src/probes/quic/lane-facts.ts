/** What a lane's report says of its connections: as their datagrams show them, and what only the engine knows. */
import { QuicTally } from "../../capture/quic/quic-tally.js";
import { toHistogramData } from "../../report/histogram.js";
import type { QuicFacts } from "../../report/model.js";
import { LatencyHistogram } from "../../stats/histogram.js";
import type { KeyLogFile } from "../tcp/key-log-file.js";
import { DatagramLog } from "./datagram-log.js";

type Migration = QuicFacts["migrations"][number];
const MOST_MIGRATIONS = 1_000;
const MISSING =
  "more datagrams came in a block than netlat keeps to read; RTT, ACKs, packets and losses are of those it kept";

/** How many there were in all, are now, and were at most. */
class Active {
  all = 0;
  most = 0;
  #now = 0;

  begin(): void {
    this.all++;
    this.most = Math.max(this.most, ++this.#now);
  }

  end(): void {
    this.#now--;
  }
}

export class LaneFacts {
  readonly connections = new Active();
  readonly streams = new Active();
  readonly log: DatagramLog;
  readonly #tally = new QuicTally();
  readonly #rejectionCost = new LatencyHistogram();
  readonly #connectionsFailed: Record<string, number> = {};
  readonly #streamsFailed: Record<string, number> = {};
  readonly #migrations: Migration[] = [];
  #measures = false;
  #window: { last: number; most: number } | undefined;

  constructor(keyLogFile: KeyLogFile | undefined) {
    this.log = new DatagramLog(this.#tally, (lines) => keyLogFile?.add(Buffer.from(lines)));
  }

  /** The warm-up is over. */
  measures(atNs: number): void {
    if (this.#measures) return;
    this.#measures = true;
    this.#tally.measuresFromNs = atNs;
  }

  connectionFailed(kind: string): void {
    this.#connectionsFailed[kind] = (this.#connectionsFailed[kind] ?? 0) + 1;
  }

  streamFailed(kind: string): void {
    this.#streamsFailed[kind] = (this.#streamsFailed[kind] ?? 0) + 1;
  }

  congestionWindow(bytes: number): void {
    this.#window = { last: bytes, most: Math.max(bytes, this.#window?.most ?? 0) };
  }

  /** From a request's first byte in 0-RTT until it went again. */
  rejected(costNs: number): void {
    if (this.#measures) this.#rejectionCost.record(costNs);
  }

  migrated(migration: Migration): void {
    if (this.#migrations.length < MOST_MIGRATIONS) this.#migrations.push(migration);
  }

  facts(): QuicFacts {
    const facts = this.#tally.facts({
      congestionWindowBytes: this.#window ?? null,
      migrations: this.#migrations,
      connectionsFailed: this.#connectionsFailed,
      streamsFailed: this.#streamsFailed,
    });
    const rejectionCost = this.#rejectionCost.count === 0 ? null : toHistogramData(this.#rejectionCost);
    const { missed } = this.log;
    return {
      ...facts,
      connections: { ...facts.connections, mostActive: this.connections.most },
      streams: {
        ...facts.streams,
        opened: missed === 0 ? facts.streams.opened : Math.max(facts.streams.opened, this.streams.all),
        mostActive: this.streams.most,
      },
      earlyData: { ...facts.earlyData, rejectionCost },
      ...(missed === 0 ? {} : { opened: { ...facts.opened, of: facts.opened.of + missed, says: MISSING } }),
    };
  }
}
