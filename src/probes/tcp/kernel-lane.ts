/**
 * The connections of one cell on sockets of our own, and the loop that drives them. One connection waiting for its answer
 * is a blocking read (the shortest way from the wire to the clock); anything else goes through epoll.
 */
import { classifyHold, type Hold } from "../../detect/hold.js";
import { protocolFor } from "../../protocols/registry.js";
import { EPOLLHUP, EPOLLIN, EPOLLOUT, Epoll } from "../../sockets/epoll.js";
import { socketAddress } from "../../sockets/kernel-socket.js";
import { ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import { GiveUp } from "../give-up.js";
import type { BlockResult, ConnectionOpened, LaneSpec, Load } from "../probe.js";
import { failureOf, SampleRecorder, statusOf } from "../samples.js";
import { closedSchedule, openSchedule, type Schedule } from "../schedule.js";
import { Slowest } from "../slowest.js";
import { KernelConnection, type LaneEar, type LaneGround } from "./kernel-connection.js";
import { sumFacts } from "./kernel-facts.js";
import { type KernelMemory, RequestMemory } from "./kernel-memory.js";
import { lateAckNs, stampedTimeline } from "./kernel-timeline.js";

/** Longest sleep: an abort must be seen, and deadlines are looked at this often. */
const TICK_NS = 20e6;
/** The kernel wakes us some tens of microseconds late: the last part of a wait for a due request is spun. */
const SPIN_NS = 120e3;

export class KernelLane implements LaneEar {
  readonly #memory: KernelMemory;
  readonly #spec: LaneSpec;
  readonly #ground: LaneGround;
  readonly #epoll: Epoll;
  readonly #connections: KernelConnection[] = [];
  readonly #free: KernelConnection[] = [];
  /** What each connection wants of epoll, and what epoll was told: told only when epoll is asked. */
  readonly #wanted: Uint8Array;
  readonly #told: Uint8Array;
  readonly #giveUp = new GiveUp();
  readonly #aborted: () => boolean;
  /** Wall clock minus nowNs(). */
  #wallOffsetNs = 0;
  readonly #writtenWallNs: Float64Array;
  readonly #hold: Hold = { heldNs: 0, ackDelayNs: Number.NaN };
  #recorder = new SampleRecorder(16);
  #slowest = new Slowest(0);
  #opened: ConnectionOpened[] = [];
  #examples: Record<string, string> = {};
  #stopped = false;
  #onProgress: (done: number) => void = () => {};
  #reportAtNs = 0;
  #scanAtNs = 0;

  constructor(memory: KernelMemory, spec: LaneSpec, aborted: () => boolean) {
    this.#memory = memory;
    this.#spec = spec;
    this.#aborted = aborted;
    this.#ground = layGround(memory, spec, this);
    this.#epoll = new Epoll(memory.calls);
    this.#wanted = new Uint8Array(spec.connections);
    this.#told = new Uint8Array(spec.connections);
    this.#writtenWallNs = new Float64Array(this.#ground.pieceEnds.length);
    for (let i = 0; i < spec.connections; i++) this.#connections.push(new KernelConnection(this.#ground, i));
    this.#free.push(...this.#connections);
  }

  /** Runs one block; returns when it is over or aborted. */
  run(load: Load, onProgress: (done: number) => void): BlockResult {
    this.#onProgress = () => {};
    this.#opened = [];
    this.#examples = {};
    this.#stopped = false;
    this.#slowest = new Slowest(0);
    this.#wallOffsetNs = this.#memory.clock.offsetFrom(nowNs);
    this.#openAll();

    const warmupRequests = load.warmup * this.#spec.connections;
    this.#recorder = new SampleRecorder(warmupRequests);
    this.#drive(closedSchedule(warmupRequests, Number.POSITIVE_INFINITY, nowNs), Number.POSITIVE_INFINITY);
    const warmup = this.#recorder.columns();
    // A warm-up in vain is still followed by one measured request: a failure that nobody measured would not be in the report.
    this.#stopped = false;

    this.#recorder = new SampleRecorder(Math.min(load.requests, 1 << 16));
    this.#slowest = new Slowest(this.#spec.slowest);
    this.#onProgress = onProgress;
    for (const connection of this.#connections) {
      connection.writes = 0;
      connection.wholes = 0;
      connection.facts.mark(connection.fd);
    }
    const startNs = nowNs();
    for (const connection of this.#connections) connection.freeAtNs = startNs;
    this.#drive(this.#schedule(load, startNs), startNs + load.durationNs + this.#spec.timeoutNs);
    const durationNs = ns(nowNs() - startNs);
    for (const connection of this.#connections) connection.facts.close(connection.fd);
    return {
      warmup,
      measured: this.#recorder.columns(),
      opened: this.#opened,
      writes: this.#connections.reduce((sum, connection) => sum + connection.writes, 0),
      wholes: this.#connections.reduce((sum, connection) => sum + connection.wholes, 0),
      kernel: sumFacts(this.#connections.map((connection) => connection.facts)),
      slowest: this.#slowest.timelines,
      durationNs,
      examples: this.#examples,
    };
  }

  close(): void {
    for (const connection of this.#connections) connection.drop();
    this.#epoll.close();
  }

  #schedule(load: Load, startNs: number): Schedule {
    if (load.pacing.kind === "closed") return closedSchedule(load.requests, startNs + load.durationNs, nowNs);
    return openSchedule(load, load.pacing.ratePerSecond, load.pacing.arrival, startNs);
  }

  /** Connects what is closed or has gone stale while other cells had their turn. */
  #openAll(): void {
    if (!this.#spec.reuse) return;
    for (const connection of this.#connections) connection.dropIfStale();
    const closed = this.#free.splice(0).filter((connection) => connection.fd < 0 || !this.#free.push(connection));
    for (const connection of closed) connection.openAhead();
    while (this.#free.length < this.#connections.length && !this.#aborted()) this.#wait(Number.POSITIVE_INFINITY);
  }

  /** @param giveUpNs requests that are due but were not started by then are recorded as unsent */
  #drive(schedule: Schedule, giveUpNs: number): void {
    for (;;) {
      if (this.#stopped || this.#aborted()) break;
      while (this.#free.length > 0 && !this.#stopped) {
        const dueNs = schedule.dueNs;
        if (dueNs > nowNs()) break;
        const connection = this.#free.shift() as KernelConnection;
        schedule.take();
        const intendedNs = schedule.closed ? connection.freeAtNs : dueNs;
        connection.begin(intendedNs, Math.max(intendedNs, connection.freeAtNs));
      }
      const allFree = this.#free.length === this.#connections.length;
      if (allFree && schedule.dueNs === Number.POSITIVE_INFINITY) return;
      if (!schedule.closed && nowNs() > giveUpNs) break;
      this.#wait(this.#free.length > 0 ? schedule.dueNs : Number.POSITIVE_INFINITY);
    }
    this.#abandon(schedule);
  }

  /** Nothing more is waited for: what runs is dropped, what was due but not sent is recorded with the age it reached. */
  #abandon(schedule: Schedule): void {
    for (const connection of this.#connections) {
      if (this.#free.includes(connection)) continue;
      connection.drop();
      this.#free.push(connection);
    }
    const now = nowNs();
    while (!schedule.closed && schedule.dueNs <= now) {
      const due = schedule.dueNs;
      const unknown = Number.NaN;
      this.#recorder.add(due, now, now, unknown, unknown, now, unknown, unknown, statusOf("unsent"), 0, 0);
      schedule.take();
    }
  }

  #wait(dueNs: number): void {
    const only = this.#connections.length === 1 ? this.#connections[0] : undefined;
    if (only?.state === "reading") {
      only.onReadable(true);
      if (only.state === "reading" && nowNs() >= only.deadlineNs) only.expire();
      return;
    }
    const now = nowNs();
    if (now >= this.#scanAtNs || this.#spec.behaviour.gapNs > 0) this.#scan(now);
    let untilNs = dueNs;
    if (this.#spec.behaviour.gapNs > 0) {
      for (const connection of this.#connections) untilNs = Math.min(untilNs, connection.wakeNs);
    }
    const leftNs = Math.min(untilNs - now, TICK_NS);
    this.#poll(leftNs > SPIN_NS ? leftNs - SPIN_NS : 0);
  }

  /** Expires what is overdue and sends the pieces whose gap is over. */
  #scan(now: number): void {
    this.#scanAtNs = now + TICK_NS / 2;
    for (const connection of this.#connections) {
      if (now >= connection.deadlineNs) connection.expire();
      else if (now >= connection.wakeNs) connection.onWritable();
    }
  }

  #poll(timeoutNs: number): void {
    for (let i = 0; i < this.#wanted.length; i++) {
      if (this.#wanted[i] !== this.#told[i]) this.#tell(i);
    }
    const ready = this.#epoll.wait(timeoutNs);
    for (let i = 0; i < ready; i++) {
      const connection = this.#connections[this.#epoll.token(i)] as KernelConnection;
      if (connection.fd < 0) continue;
      // EPOLLERR alone tells of timestamps, which are taken when the request has ended.
      const events = this.#epoll.events(i);
      if (connection.state === "connecting") connection.onWritable();
      else {
        if (events & EPOLLOUT) connection.onWritable();
        if (connection.fd >= 0 && events & (EPOLLIN | EPOLLHUP)) connection.onReadable(false);
      }
    }
  }

  #tell(index: number): void {
    const fd = (this.#connections[index] as KernelConnection).fd;
    const wanted = this.#wanted[index] as number;
    const events = (wanted & 1 ? EPOLLIN : 0) | (wanted & 2 ? EPOLLOUT : 0);
    if (this.#told[index] === 0) this.#epoll.add(fd, index, events);
    else this.#epoll.modify(fd, index, events);
    this.#told[index] = wanted;
  }

  watch(connection: KernelConnection, interest: 0 | 1 | 2 | 3): void {
    this.#wanted[connection.index] = interest;
    // Closing a descriptor takes it out of epoll (epoll(7)).
    if (interest === 0) this.#told[connection.index] = 0;
  }

  opened(connectNs: number): void {
    this.#opened.push({ connectNs: ns(connectNs), tlsNs: null });
  }

  ended(connection: KernelConnection): void {
    const { startNs, endNs, status } = connection;
    const offset = this.#wallOffsetNs;
    // The kernel's clock leaves out how late this thread was woken; a stamp before the write would be a step of the wall clock.
    const arrivedNs = Math.max(startNs, connection.arrivedNs - offset);
    let heldNs = Number.NaN;
    let ackDelayNs = Number.NaN;
    if (this.#ground.timestamps) {
      const pieces = this.#ground.pieceEnds.length;
      for (let i = 0; i < pieces; i++) this.#writtenWallNs[i] = (connection.writtenNs[i] as number) + offset;
      const rttNs = Number.isFinite(connection.facts.handshakeRttUs) ? connection.facts.handshakeRttUs * 1e3 : 0;
      classifyHold(this.#writtenWallNs, connection.sentNs, connection.ackedNs, pieces, rttNs, this.#hold);
      heldNs = this.#hold.heldNs;
      ackDelayNs = heldNs > 0 ? this.#hold.ackDelayNs : lateAckNs(connection);
    }
    this.#recorder.add(
      connection.intendedNs,
      connection.readyNs,
      startNs,
      connection.wholeNs,
      Number.isNaN(arrivedNs) ? connection.firstByteNs : Math.min(arrivedNs, connection.firstByteNs),
      endNs,
      heldNs,
      ackDelayNs,
      status,
      connection.index,
      connection.ordinal,
    );
    if (this.#slowest.wants(endNs - startNs) && failureOf(status) === undefined) {
      this.#slowest.add(stampedTimeline(connection, this.#recorder.length, this.#ground.pieceEnds, offset, heldNs));
    }
    if (status > 1) this.#noteFailure(connection);
    else this.#giveUp.note(status);
    if (endNs >= this.#reportAtNs) {
      this.#reportAtNs = endNs + 100e6;
      this.#onProgress(this.#recorder.length);
    }
  }

  free(connection: KernelConnection): void {
    this.#free.push(connection);
  }

  #noteFailure(connection: KernelConnection): void {
    const failure = failureOf(connection.status);
    if (failure !== undefined) this.#examples[failure] ??= connection.says;
    if (this.#giveUp.note(connection.status)) this.#stopped = true;
  }
}

function layGround(memory: KernelMemory, spec: LaneSpec, ear: LaneEar): LaneGround {
  const protocol = protocolFor(spec.target.request);
  const request = protocol.request();
  return {
    calls: memory.calls,
    spec,
    protocol,
    address: socketAddress(spec.address, spec.target.port),
    request: new RequestMemory(memory.calls, request),
    pieceEnds: [...spec.behaviour.cuts, request.length],
    timestamps: spec.timestamps,
    receiver: memory.receiver,
    stamps: memory.stamps,
    watch: (connection, interest) => ear.watch(connection, interest),
    opened: (connectNs) => ear.opened(connectNs),
    ended: (connection) => ear.ended(connection),
    free: (connection) => ear.free(connection),
  };
}
