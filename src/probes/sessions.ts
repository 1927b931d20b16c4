/** A lane made of sessions: opens them, warms them up, runs a closed or an open loop over them, and records what they give. */

import { together } from "../report/kernel-counters.js";
import type { Ns } from "../units/duration.js";
import { nowNs } from "./clock.js";
import { GiveUp } from "./give-up.js";
import { ClosedLoop, type Floor, type Loop, OpenLoop } from "./loops.js";
import { openLoop } from "./pacer.js";
import type { BlockResult, ConnectionOpened, KernelFacts, Lane, Load } from "./probe.js";
import { failureOf, SampleRecorder, STATUS_MISS, statusOf } from "./samples.js";
import type { Exchange, Session, SessionHost } from "./session.js";
import { Slowest } from "./slowest.js";

interface SessionsSpec {
  /** Bound on a request, and in the open loop on sending late requests after the last one was due. */
  readonly timeoutNs: Ns;
  /** How many of the slowest answered requests of a block keep their timeline. */
  readonly slowest: number;
  /** Told when the measured part of a block begins, and when it ends. */
  readonly measuring?: (measures: boolean) => void;
  /** All sessions of the lane, in the order of their indices; those that share a connection stand together. */
  sessions(host: SessionHost): readonly Session[];
}

/** A lane over sessions of any engine that lives on Node's event loop. Blocks of a lane run one after another. */
export function sessionsLane(spec: SessionsSpec): Lane {
  let block: Block | undefined;
  const host: SessionHost = {
    ready: () => block?.ready(),
    ended: (index) => block?.ended(index),
    opened: (connection) => block?.opened(connection),
  };
  const giveUp = new GiveUp();
  const sessions = spec.sessions(host);
  return {
    async run(load, signal, onProgress) {
      if (block !== undefined) throw new Error("a block of this lane is still running");
      const running = new Block(sessions, spec, load, giveUp, onProgress);
      block = running;
      const abort = (): void => running.abort();
      signal.addEventListener("abort", abort);
      try {
        return await running.run(signal.aborted);
      } finally {
        signal.removeEventListener("abort", abort);
        block = undefined;
      }
    },
    async close() {
      block?.abort();
      for (const session of sessions) session.close();
    },
  };
}

const PROGRESS_EVERY_NS = 100e6;

class Block implements Floor {
  readonly connections: number;
  readonly #sessions: readonly Session[];
  readonly #load: Load;
  readonly #giveUp: GiveUp;
  readonly #onProgress: (done: number) => void;
  readonly #tellMeasuring: (measures: boolean) => void;
  readonly #warmup = new SampleRecorder(16);
  readonly #measured: SampleRecorder;
  readonly #slowest: Slowest;
  readonly #opened: ConnectionOpened[] = [];
  readonly #examples: Record<string, string> = {};
  readonly #timeoutNs: number;
  #recorder = this.#warmup;
  /** Loops that still have to run, the current one first. */
  #loops: Loop[] = [];
  #opening = 0;
  #writes = 0;
  #wholes = 0;
  /** The loop that runs has nothing more to learn: it begins no request, and ends. */
  #hopeless = false;
  #measuredFromNs = Number.NaN;
  #lastTickNs = 0;
  #progressNs = 0;
  #ticker: NodeJS.Timeout | undefined;
  #resolve: ((result: BlockResult) => void) | undefined;

  constructor(
    sessions: readonly Session[],
    spec: SessionsSpec,
    load: Load,
    giveUp: GiveUp,
    onProgress: (done: number) => void,
  ) {
    this.connections = sessions.length;
    this.#sessions = sessions;
    this.#load = load;
    this.#giveUp = giveUp;
    this.#onProgress = onProgress;
    this.#timeoutNs = spec.timeoutNs;
    this.#tellMeasuring = spec.measuring ?? (() => {});
    this.#measured = new SampleRecorder(Math.min(load.requests, 65536));
    this.#slowest = new Slowest(spec.slowest);
  }

  run(aborted: boolean): Promise<BlockResult> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (aborted) {
        this.#finish();
        return;
      }
      const tickMs = Math.min(50, Math.max(1, Math.floor(this.#timeoutNs / 8e6)));
      this.#ticker = setInterval(() => this.#tick(), tickMs);
      this.#loops = [this.#warmupLoop(), this.#measuredLoop()];
      for (const session of this.#sessions) if (session.open()) this.#opening++;
      if (this.#opening === 0) this.#startLoop();
    });
  }

  ready(): void {
    if (--this.#opening === 0) this.#startLoop();
  }

  ended(index: number): void {
    const loop = this.#loops[0];
    loop?.ended(index);
    if (this.#hopeless && this.#loops[0] === loop) this.#cutShort();
  }

  opened(connection: ConnectionOpened): void {
    this.#opened.push(connection);
  }

  /** What was measured so far is the result; requests that run are dropped, without a sample. */
  abort(): void {
    this.#finish();
    for (const session of this.#sessions) session.close();
  }

  begin(index: number): void {
    if (!this.#hopeless) (this.#sessions[index] as Session).begin();
  }

  exchange(index: number): Exchange {
    return (this.#sessions[index] as Session).exchange;
  }

  record(index: number, intendedNs: number, readyNs: number): void {
    const session = this.#sessions[index] as Session;
    const x = session.exchange;
    const { startNs, firstByteNs, endNs, status } = x;
    if (this.#giveUp.note(status)) this.#hopeless = true;
    this.#recorder.add(
      intendedNs,
      readyNs,
      startNs,
      x.wholeNs,
      firstByteNs,
      endNs,
      x.heldNs,
      x.ackDelayNs,
      status,
      session.connection,
      x.ordinal,
      x.wireNs,
      x.turnNs,
      x.windowNs,
    );
    if (status > STATUS_MISS) this.#examples[failureOf(status) as string] ??= x.says;
    if (this.#recorder !== this.#measured) return;
    this.#writes += x.writes;
    this.#wholes += x.wholes;
    if (status <= STATUS_MISS && this.#slowest.wants(endNs - startNs)) this.#keepTimeline(index, intendedNs);
  }

  recordUnsent(intendedNs: number, endNs: number): void {
    const unknown = Number.NaN;
    this.#measured.add(
      intendedNs,
      unknown,
      unknown,
      unknown,
      unknown,
      endNs,
      unknown,
      unknown,
      statusOf("unsent"),
      -1,
      -1,
    );
    this.#examples.unsent ??= "no connection was free before the block ended";
  }

  done(): void {
    this.#loops.shift();
    this.#startLoop();
  }

  /** A warm-up in vain is still followed by one measured request: a failure that nobody measured would not be in the report. */
  #cutShort(): void {
    for (const session of this.#sessions) session.close();
    this.#loops[0]?.abandon(nowNs());
    this.done();
  }

  #startLoop(): void {
    this.#hopeless = false;
    const loop = this.#loops[0];
    if (loop === undefined) {
      this.#finish();
      return;
    }
    if (this.#loops.length === 1) {
      this.#recorder = this.#measured;
      for (const session of this.#sessions) session.mark();
      this.#tellMeasuring(true);
      this.#measuredFromNs = nowNs();
    }
    loop.start();
  }

  #warmupLoop(): Loop {
    const left = new Array<number>(this.connections).fill(this.#load.warmup);
    return new ClosedLoop(this, (index) => {
      const here = left[index] as number;
      left[index] = here - 1;
      return here > 0;
    });
  }

  #measuredLoop(): Loop {
    const { pacing, requests, durationNs, seed } = this.#load;
    if (pacing.kind === "open") {
      const limits = { requests, durationNs, drainNs: this.#timeoutNs };
      return new OpenLoop(this, openLoop(pacing.ratePerSecond, pacing.arrival, seed), limits);
    }
    let begun = 0;
    return new ClosedLoop(this, (_, now) => {
      if (begun >= requests || now - this.#measuredFromNs > durationNs) return false;
      begun++;
      return true;
    });
  }

  #keepTimeline(index: number, intendedNs: number): void {
    const session = this.#sessions[index] as Session;
    const { startNs, endNs } = session.exchange;
    const events = [...session.events()];
    if (this.#load.pacing.kind === "open")
      events.unshift({ atNs: Math.round(intendedNs - startNs), event: "intended", source: "user" });
    this.#slowest.add({
      request: this.#measured.length,
      connection: session.connection,
      latencyNs: Math.round(endNs - startNs),
      heldNs: session.exchange.heldNs || 0,
      events,
    });
  }

  #facts(): (KernelFacts | null)[] {
    return this.#sessions.map((session) => session.facts()).filter((facts) => facts !== undefined);
  }

  #tick(): void {
    const now = nowNs();
    // A deadline must have passed before the last tick: sockets were polled since, so an answer that lay in the kernel while
    // this process was busy was taken.
    for (const session of this.#sessions) if (session.deadlineNs < this.#lastTickNs) session.expire();
    this.#lastTickNs = now;
    this.#loops[0]?.tick(now);
    if (now - this.#progressNs < PROGRESS_EVERY_NS) return;
    this.#progressNs = now;
    this.#onProgress(this.#measured.length);
  }

  #finish(): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    clearInterval(this.#ticker);
    this.#loops[0]?.stop();
    this.#loops = [];
    const measuring = !Number.isNaN(this.#measuredFromNs);
    this.#tellMeasuring(false);
    this.#onProgress(this.#measured.length);
    resolve({
      warmup: this.#warmup.columns(),
      measured: this.#measured.columns(),
      opened: this.#opened,
      writes: this.#writes,
      wholes: this.#wholes,
      kernel: measuring ? together(this.#facts()) : null,
      slowest: this.#slowest.timelines,
      durationNs: Math.round(measuring ? nowNs() - this.#measuredFromNs : 0) as Ns,
      examples: this.#examples,
    });
  }
}
