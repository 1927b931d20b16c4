/** HTTP/2, and gRPC on it, over our own framer: on node:net and node:tls, each request a stream. */
import { usageError } from "../../errors.js";
import { HEALTH_CHECK_PATH } from "../../protocols/grpc/health.js";
import { settingName } from "../../protocols/h2/names.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import { settingsEntries } from "../../protocols/h2/settings.js";
import type { StreamRequest } from "../../protocols/protocol.js";
import { without } from "../../sockets/capabilities.js";
import { loadSocketOptions, platformCapabilities } from "../../sockets/socket-options.js";
import { nowNs } from "../clock.js";
import type { BlockResult, Lane, LaneSpec, Load, ProbeEngine } from "../probe.js";
import { sessionsLane } from "../sessions.js";
import { KeyLogFile } from "../tcp/key-log-file.js";
import { netEngine } from "../tcp/net-engine.js";
import { resumable, tlsOptions } from "../tcp/net-tls.js";
import { BulkLink, BulkTransfer } from "./h2-beside.js";
import { H2Channel } from "./h2-channel.js";
import type { H2Link } from "./h2-link.js";
import { framed, type H2Plan } from "./h2-plan.js";
import { H2Tally } from "./h2-tally.js";
import { askOverLimit } from "./over-limit.js";

/** What a receiver with plenty of memory would announce; `--window` says otherwise. */
const DEFAULT_WINDOW_BYTES = 1024 * 1024;
/** Beside a bulk transfer a PING now and then: its round trip tells how long bytes queue on the connection. */
const PING_EVERY_MS = 50;
/** How long we wait for the answer to a PING on an idle connection before the requests go on. */
const PING_PATIENCE_MS = 200;

export function h2Engine(): ProbeEngine {
  const platform = platformCapabilities();
  const untimed = without(platform, ["timestamping"], "the net engine does not take kernel timestamps");
  const serial = netEngine();
  let keyLog: KeyLogFile | undefined;
  return {
    name: "net",
    capabilities: without(
      untimed,
      ["maxSegment"],
      "HTTP/2 runs on net.Socket, which connects before an option can be set",
    ),
    async open(spec) {
      // Two endpoints in turns, or carriers side by side: not all of them need be HTTP/2.
      if (spec.target.request.protocol !== "h2") return serial.open(spec);
      const path = spec.tls?.keyLogFile;
      if (path !== undefined) keyLog ??= new KeyLogFile(path);
      return h2Lane({ ...planOf(spec), keyLog, tlsSession: resumable(spec) });
    },
    async close() {
      keyLog?.close();
      keyLog = undefined;
      await serial.close();
    },
  };
}

function planOf(spec: LaneSpec): H2Plan {
  const request = spec.target.request as StreamRequest;
  const options = loadSocketOptions();
  const { headers, bytes } = framed(request);
  return {
    spec,
    request,
    headers,
    requestBytes: bytes,
    slowFirst: spec.slowFirst?.protocol === "h2" ? framed(spec.slowFirst).headers : undefined,
    isHealthCheck: request.judgedBy === "grpc" && request.path === HEALTH_CHECK_PATH,
    behaviour: spec.behaviour,
    options: "unavailable" in options ? null : options,
    tls: spec.target.transport === "tls" ? tlsOptions(spec, ["h2"]) : undefined,
  };
}

function h2Lane(plan: H2Plan): Lane {
  const { spec } = plan;
  const window = spec.h2?.windowBytes ?? DEFAULT_WINDOW_BYTES;
  const settings = { enablePush: false, initialWindowBytes: window };
  const options: Omit<ConnectionOptions, "emit"> = { settings, connectionWindowBytes: window };
  const ours = Object.fromEntries(settingsEntries(settings).map(([id, value]) => [settingName(id), value]));
  const tally = new H2Tally(spec.pipeline, ours);
  const beside = new Beside(plan, options);
  const channels: H2Channel[] = [];
  const inner = sessionsLane({
    timeoutNs: spec.timeoutNs,
    slowest: spec.slowest,
    sessions: (host) => {
      for (let number = 0; number < spec.connections; number++) {
        const bulk = number === 0 ? beside.onSame : undefined;
        channels.push(new H2Channel(plan, options, tally, host, number, bulk));
      }
      return channels.flatMap(({ places }) => places);
    },
    measuring: (measures) => (measures ? tally.begin(nowNs()) : tally.end(nowNs())),
  });
  let blocks = 0;
  return {
    async run(load: Load, signal: AbortSignal, onProgress: (done: number) => void): Promise<BlockResult> {
      const pings = pinging(plan, channels, tally);
      try {
        await beside.start(channels[0]?.link ?? null);
        const block = await inner.run(load, signal, onProgress);
        beside.stop();
        if (spec.h2?.bulk === undefined && !signal.aborted) await pingIdle(channels);
        if (blocks++ === 0 && !signal.aborted) await afterwards(plan, options, channels, tally, signal);
        tally.bulkBytes = beside.bytes;
        return { ...block, h2: tally.facts() };
      } finally {
        beside.stop();
        clearInterval(pings);
      }
    },
    async close() {
      beside.close();
      await inner.close();
    },
  };
}

/**
 * The round trip between two blocks. Not while requests run: a PING is one more small segment in flight, and with Nagle's
 * algorithm on either side what is written next would wait for its ACK.
 */
async function pingIdle(channels: readonly H2Channel[]): Promise<void> {
  const links = channels.flatMap(({ link }) => (link?.client === undefined ? [] : [link]));
  for (const link of links) link.ping();
  const endMs = performance.now() + PING_PATIENCE_MS;
  while (performance.now() < endMs && links.some(({ unansweredNs }) => !Number.isNaN(unansweredNs))) {
    await new Promise((resume) => setTimeout(resume, 1));
  }
}

/** The user's keepalive, or beside a bulk transfer our own look at the round trip. */
function pinging({ spec }: H2Plan, channels: readonly H2Channel[], tally: H2Tally): NodeJS.Timeout {
  const { keepaliveNs, keepaliveWithoutStreams = true, keepaliveTimeoutNs = Number.POSITIVE_INFINITY } = spec.h2 ?? {};
  if (keepaliveNs === undefined) {
    return setInterval(() => {
      if (tally.measuring && spec.h2?.bulk !== undefined) for (const { link } of channels) link?.ping();
    }, PING_EVERY_MS);
  }
  return setInterval(() => {
    for (const { link } of channels) {
      if (link?.client === undefined) continue;
      if (nowNs() - link.unansweredNs > keepaliveTimeoutNs) link.giveUp("a PING was not answered in time (keepalive)");
      else if (keepaliveWithoutStreams || link.client.streams.size > 0) link.ping();
    }
  }, keepaliveNs / 1e6);
}

/** How many keepalive PINGs a server gets to see at least, and how long we wait for that at most. */
const KEEPALIVE_PINGS = 8;
const MOST_IDLE_MS = 5000;

/** Once per lane, when its first block is measured: what needs a quiet connection, or one of its own. */
async function afterwards(
  plan: H2Plan,
  options: Omit<ConnectionOptions, "emit">,
  channels: readonly H2Channel[],
  tally: H2Tally,
  signal: AbortSignal,
): Promise<void> {
  const { keepaliveNs, overLimit } = plan.spec.h2 ?? {};
  if (keepaliveNs !== undefined) {
    const idleMs = Math.min(MOST_IDLE_MS, (KEEPALIVE_PINGS * keepaliveNs) / 1e6);
    const endMs = performance.now() + idleMs;
    while (performance.now() < endMs && !signal.aborted && channels.some(({ link }) => link !== null)) {
      await new Promise((resume) => setTimeout(resume, Math.min(20, idleMs)));
    }
  }
  if (overLimit !== true) return;
  const limit = tally.streamLimit;
  if (limit === null) {
    tally.overLimit = [{ asked: 0, beforeAck: false, answer: "not tried: the server sets no limit" }];
    return;
  }
  tally.overLimit = [await askOverLimit(plan, options, limit, false), await askOverLimit(plan, options, limit, true)];
}

/** How long a bulk transfer may take to get going. */
const RAMP_MS = 500;

/** The bulk transfer of a lane that has one. */
class Beside {
  readonly #bulk: BulkTransfer | undefined;
  readonly #other: BulkLink | undefined;

  constructor(plan: H2Plan, options: Omit<ConnectionOptions, "emit">) {
    const bulk = plan.spec.h2?.bulk;
    if (bulk === undefined) return;
    this.#bulk = new BulkTransfer(plan, bulk.path);
    if (bulk.on === "other") this.#other = new BulkLink(plan, options, this.#bulk);
  }

  /** The transfer that shares the requests' connection; undefined: there is none. */
  get onSame(): BulkTransfer | undefined {
    return this.#other === undefined ? this.#bulk : undefined;
  }

  get bytes(): number | undefined {
    return this.#bulk?.bytes;
  }

  /** Starts, and waits until data flows. @param link the requests' connection; null: the transfer starts when it is open */
  async start(link: H2Link | null): Promise<void> {
    const bulk = this.#bulk;
    if (bulk === undefined) return;
    if (this.#other !== undefined) this.#other.start();
    else if (link?.client === undefined) return;
    else bulk.start(link);
    const [from, endMs] = [bulk.bytes, performance.now() + RAMP_MS];
    while (bulk.bytes === from && bulk.failed === undefined && performance.now() < endMs) {
      await new Promise((resume) => setTimeout(resume, 5));
    }
    if (bulk.failed !== undefined)
      throw usageError(`--bulk: ${bulk.failed}; name a path that the server answers with a large body`);
  }

  stop(): void {
    if (this.#other === undefined) this.#bulk?.stop();
    else this.#other.stop();
  }

  close(): void {
    this.#other?.close();
  }
}
