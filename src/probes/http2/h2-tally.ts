/** What a lane of HTTP/2 saw inside its connections, added up over the measured parts of its blocks. */
import type { H2Client } from "../../protocols/h2/client.js";
import type { SettingEntry } from "../../protocols/h2/frame-payloads.js";
import { settingName } from "../../protocols/h2/names.js";
import { toHistogramData } from "../../report/histogram.js";
import type { H2Facts } from "../../report/model.js";
import { LatencyHistogram } from "../../stats/histogram.js";
import { Goaways } from "./h2-goaways.js";

type Little = NonNullable<H2Facts["littlesLaw"]>["queue"];

/** How many are somewhere, integrated over the measured time: L of Little's law as measured. */
export class Occupancy {
  #count = 0;
  #measuring = false;
  #areaNs = 0;
  #sinceNs = 0;
  #residenceNs = 0;
  #through = 0;

  enter(nowNs: number): void {
    this.#move(nowNs, 1);
  }

  /** @param residenceNs how long it was there */
  leave(nowNs: number, residenceNs: number): void {
    this.#move(nowNs, -1);
    // The warm-up, and what ends late, is no part of the measured time: nor may it be of W and lambda.
    if (!this.#measuring) return;
    this.#residenceNs += residenceNs;
    this.#through++;
  }

  /** What is counted starts here; who is there stays. */
  restart(nowNs: number): void {
    this.#measuring = true;
    this.#sinceNs = nowNs;
  }

  pause(nowNs: number): void {
    this.#move(nowNs, 0);
    this.#measuring = false;
  }

  /** @param durationNs measured time in all. @returns null: nothing went through */
  law(durationNs: number): Little | null {
    if (this.#through === 0 || durationNs <= 0) return null;
    const arrivalPerSecond = this.#through / (durationNs / 1e9);
    const residenceNs = this.#residenceNs / this.#through;
    return {
      arrivalPerSecond,
      residenceNs,
      expected: (arrivalPerSecond * residenceNs) / 1e9,
      measured: this.#areaNs / durationNs,
    };
  }

  #move(nowNs: number, change: number): void {
    if (this.#measuring) this.#areaNs += this.#count * (nowNs - this.#sinceNs);
    this.#sinceNs = nowNs;
    this.#count = Math.max(0, this.#count + change);
  }
}

export class H2Tally {
  readonly queued = new Occupancy();
  readonly onWire = new Occupancy();
  readonly ping = new LatencyHistogram();
  readonly server = new LatencyHistogram();
  readonly transfer = new LatencyHistogram();
  readonly resets: Record<string, number> = {};
  readonly grpc: Record<string, number> = {};
  /** Answers to health checks by what they say. */
  readonly health: Record<string, number> = {};
  readonly goaways = new Goaways();
  readonly serverSettings: Record<string, number> = {};
  readonly #ourSettings: Record<string, number>;
  readonly #streams: number;
  readonly #sent: Record<string, number> = {};
  readonly #received: Record<string, number> = {};
  readonly #hpack = { sent: { fields: 0, wire: 0 }, received: { fields: 0, wire: 0 } };
  #settingsAckNs: number | null = null;
  #limit: number | null = null;
  mostOpen = 0;
  overLimit: H2Facts["overLimit"];
  bulkBytes: number | undefined;
  /** The measured part of a block runs. */
  measuring = false;
  #durationNs = 0;
  #sinceNs = 0;
  #windowWait = { requests: 0, totalNs: 0, maxNs: 0 };

  constructor(streams: number, ourSettings: Record<string, number>) {
    this.#streams = streams;
    this.#ourSettings = ourSettings;
  }

  begin(nowNs: number): void {
    this.measuring = true;
    this.#sinceNs = nowNs;
    this.queued.restart(nowNs);
    this.onWire.restart(nowNs);
  }

  end(nowNs: number): void {
    if (!this.measuring) return;
    this.measuring = false;
    this.#durationNs += nowNs - this.#sinceNs;
    this.queued.pause(nowNs);
    this.onWire.pause(nowNs);
  }

  settings(entries: readonly SettingEntry[], maxStreams: number): void {
    for (const { id, value } of entries) this.serverSettings[settingName(id)] = value;
    this.#limit = Number.isFinite(maxStreams) ? maxStreams : null;
  }

  /** The server's SETTINGS_MAX_CONCURRENT_STREAMS; null: none so far. */
  get streamLimit(): number | null {
    return this.#limit;
  }

  settingsAcked(rttNs: number): void {
    this.#settingsAckNs ??= Math.round(rttNs);
  }

  windowWaited(waitNs: number): void {
    if (!this.measuring || waitNs <= 0) return;
    this.#windowWait.requests++;
    this.#windowWait.totalNs += Math.round(waitNs);
    this.#windowWait.maxNs = Math.max(this.#windowWait.maxNs, Math.round(waitNs));
  }

  /** Where a connection's counters stand. */
  look(client: H2Client): Counted {
    const { headersSent, headersReceived } = client;
    return {
      ...client.frames,
      sentFields: headersSent.plainBytes,
      sentWire: headersSent.wireBytes,
      receivedFields: headersReceived.plainBytes,
      receivedWire: headersReceived.wireBytes,
    };
  }

  /** Adds a connection's counters since `counted`. @returns where they stand now */
  add(client: H2Client, counted: Counted): Counted {
    const { sent, received } = client.frames;
    addDifference(this.#sent, sent, counted.sent);
    addDifference(this.#received, received, counted.received);
    const { headersSent, headersReceived } = client;
    this.#hpack.sent.fields += headersSent.plainBytes - counted.sentFields;
    this.#hpack.sent.wire += headersSent.wireBytes - counted.sentWire;
    this.#hpack.received.fields += headersReceived.plainBytes - counted.receivedFields;
    this.#hpack.received.wire += headersReceived.wireBytes - counted.receivedWire;
    return this.look(client);
  }

  facts(): H2Facts {
    const [queue, wire] = [this.queued.law(this.#durationNs), this.onWire.law(this.#durationNs)];
    return {
      streams: this.#streams,
      streamLimit: this.#limit,
      mostOpen: this.mostOpen,
      serverSettings: { ...this.serverSettings },
      ourSettings: { ...this.#ourSettings },
      settingsAckNs: this.#settingsAckNs,
      ping: this.ping.count === 0 ? null : toHistogramData(this.ping),
      server: toHistogramData(this.server),
      transfer: toHistogramData(this.transfer),
      littlesLaw: queue === null || wire === null ? null : { queue, wire },
      frames: { sent: { ...this.#sent }, received: { ...this.#received } },
      hpack: structuredClone(this.#hpack),
      windowWait: { ...this.#windowWait },
      resets: { ...this.resets },
      goaways: this.goaways.entries.map((entry) => ({ ...entry })),
      ...(this.overLimit === undefined ? {} : { overLimit: this.overLimit }),
      ...(this.bulkBytes === undefined ? {} : { bulkBytes: this.bulkBytes }),
      ...(Object.keys(this.grpc).length === 0 ? {} : { grpc: { ...this.grpc } }),
      ...(Object.keys(this.health).length === 0 ? {} : { health: { ...this.health } }),
    };
  }
}

/** What of a connection has been added up already. */
export interface Counted {
  readonly sent: Readonly<Record<string, number>>;
  readonly received: Readonly<Record<string, number>>;
  readonly sentFields: number;
  readonly sentWire: number;
  readonly receivedFields: number;
  readonly receivedWire: number;
}

export const NOTHING_COUNTED: Counted = {
  sent: {},
  received: {},
  sentFields: 0,
  sentWire: 0,
  receivedFields: 0,
  receivedWire: 0,
};

function addDifference(
  sums: Record<string, number>,
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(now)) {
    const more = count - (before[name] ?? 0);
    if (more > 0) sums[name] = (sums[name] ?? 0) + more;
  }
}
