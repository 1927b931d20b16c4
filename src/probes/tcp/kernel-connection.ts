/**
 * One connection of the kernel engine: a state machine over a socket of our own. It never waits; the lane's loop tells it
 * when its descriptor is ready or its time has come. Hot: a request allocates nothing beyond its answer's record.
 */
import { type AnswerReader, type Complete, INCOMPLETE, type Protocol } from "../../protocols/protocol.js";
import { ERRNO, errnoName, type KernelCalls } from "../../sockets/kernel-calls.js";
import {
  connectResult,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  makeBlocking,
  peek,
  startConnect,
} from "../../sockets/kernel-socket.js";
import {
  enableTimestamps,
  type StampedReceiver,
  type StampQueue,
  type StampSink,
} from "../../sockets/kernel-timestamps.js";
import { nowNs } from "../clock.js";
import type { LaneSpec } from "../probe.js";
import { type Failure, STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";
import { earlyAnswer, outOfFiles } from "./failure-words.js";
import { FactsCounter } from "./kernel-facts.js";
import type { RequestMemory } from "./kernel-memory.js";

export type ConnectionState = "closed" | "connecting" | "idle" | "writing" | "gap" | "reading";

/** A blocking read returns at least this often, so that an abort and the deadline are seen. */
const READ_SLICE_MS = 50;

export interface LaneEar {
  /** Tell the poller what this connection waits for: 0 nothing any more, 1 to read, 2 to write, 3 both. */
  watch(connection: KernelConnection, interest: 0 | 1 | 2 | 3): void;
  opened(connectNs: number): void;
  /** The request has ended: its fields hold the sample. */
  ended(connection: KernelConnection): void;
  /** It may take the next request; `fd < 0` when it must connect first. */
  free(connection: KernelConnection): void;
}

export interface LaneGround extends LaneEar {
  readonly calls: KernelCalls;
  readonly spec: LaneSpec;
  readonly protocol: Protocol;
  readonly address: Uint8Array;
  readonly request: RequestMemory;
  /** Offset behind each piece; the last is the request's length. */
  readonly pieceEnds: readonly number[];
  readonly timestamps: boolean;
  readonly receiver: StampedReceiver;
  readonly stamps: StampQueue;
}

export class KernelConnection implements StampSink {
  /** Which of the lane's connections this is. */
  readonly index: number;
  state: ConnectionState = "closed";
  fd = -1;
  /** The request that runs, or ran last; times on `nowNs()`. */
  intendedNs = 0;
  readyNs = 0;
  startNs = 0;
  /** Just before the last piece, or what was left of it, was written; NaN: it was not. */
  wholeNs = Number.NaN;
  firstByteNs = Number.NaN;
  endNs = 0;
  /** Kernel's arrival time of the first answer bytes, on the wall clock's nanoseconds; NaN: no stamp. */
  arrivedNs = Number.NaN;
  status = 0;
  /** For a failure: what happened. */
  says = "";
  ordinal = 0;
  deadlineNs = Number.POSITIVE_INFINITY;
  /** State `gap`: when the next piece is due. */
  wakeNs = Number.POSITIVE_INFINITY;
  /** When it became free for the next request. */
  freeAtNs = 0;
  writes = 0;
  wholes = 0;
  /** Per piece: start of its write on nowNs(), kernel's sent and acknowledged stamps on the wall clock; NaN: none. */
  readonly writtenNs: Float64Array;
  readonly sentNs: Float64Array;
  readonly ackedNs: Float64Array;
  readonly facts: FactsCounter;

  readonly #ground: LaneGround;
  #answers: AnswerReader;
  #piece = 0;
  #offset = 0;
  /** Bytes sent on this connection before this request: the ids of stamps count from the connect. */
  #streamOffset = 0;
  #connectStartNs = 0;
  #retried = false;

  constructor(ground: LaneGround, index: number) {
    this.#ground = ground;
    this.index = index;
    const pieces = ground.pieceEnds.length;
    this.writtenNs = new Float64Array(pieces);
    this.sentNs = new Float64Array(pieces);
    this.ackedNs = new Float64Array(pieces);
    this.facts = new FactsCounter(ground.calls.options);
    this.#answers = ground.protocol.answers();
  }

  /** Connects ahead of the first request; on trouble the next request tries again and fails in its own name. */
  openAhead(): void {
    this.intendedNs = -1;
    this.startNs = nowNs();
    this.#connect();
  }

  /** Starts a request; `fd < 0` opens a connection first, and the request's latency then includes that. */
  begin(intendedNs: number, readyNs: number): void {
    this.intendedNs = intendedNs;
    this.readyNs = readyNs;
    this.wholeNs = Number.NaN;
    this.firstByteNs = Number.NaN;
    this.arrivedNs = Number.NaN;
    this.says = "";
    this.#retried = false;
    const startNs = nowNs();
    this.startNs = startNs;
    this.deadlineNs = startNs + this.#ground.spec.timeoutNs;
    if (this.fd < 0) this.#connect();
    else this.#send();
  }

  /** The descriptor is writable, the gap is over, or the connect may have ended. */
  onWritable(): void {
    if (this.state === "connecting") this.#connected();
    else if (this.state === "writing" || this.state === "gap") this.#write();
  }

  /** Reads what is there. @param blocking wait for it, for a slice of time at most */
  onReadable(blocking: boolean): void {
    const ground = this.#ground;
    const flags = blocking ? 0 : MSG_DONTWAIT;
    const receiver = ground.receiver;
    const got = ground.timestamps ? receiver.receiveStamped(this.fd, flags) : receiver.receive(this.fd, flags);
    if (got > 0) this.#take(got);
    // A full buffer hides whether there is more, and an edge is told only once.
    if (got === receiver.buffer.length && this.state === "reading") this.onReadable(false);
    if (got > 0) return;
    if (got === 0) this.#peerClosed();
    else this.#troubled(ground.calls.errno());
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.state === "connecting") this.#fail("timeout", "no connection within the timeout");
    else
      this.#fail(
        "timeout",
        Number.isNaN(this.firstByteNs) ? "no answer within the timeout" : "the answer did not end within the timeout",
      );
  }

  /** Drops what runs: nobody waits for it any more. */
  drop(): void {
    if (this.fd >= 0) {
      this.facts.close(this.fd);
      this.#ground.watch(this, 0);
      this.#ground.calls.close(this.fd);
    }
    this.fd = -1;
    this.state = "closed";
    this.deadlineNs = Number.POSITIVE_INFINITY;
    this.wakeNs = Number.POSITIVE_INFINITY;
  }

  /** An idle connection that the peer closed, or on which bytes came that nobody asked for, is not used again. */
  dropIfStale(): void {
    if (this.state === "idle" && peek(this.#ground.calls, this.fd) !== "open") this.drop();
  }

  collectStamps(): void {
    if (this.#ground.timestamps && this.fd >= 0) this.#ground.stamps.drain(this.fd, this);
  }

  onSent(id: number, atNs: number): void {
    const piece = this.#pieceOf(id);
    if (piece >= 0) this.sentNs[piece] = atNs;
  }

  onAcknowledged(id: number, atNs: number): void {
    const piece = this.#pieceOf(id);
    if (piece >= 0) this.ackedNs[piece] = atNs;
  }

  #pieceOf(id: number): number {
    const end = (id + 1 - this.#streamOffset) >>> 0;
    return this.#ground.pieceEnds.indexOf(end);
  }

  #connect(): void {
    const ground = this.#ground;
    this.state = "connecting";
    this.#connectStartNs = nowNs();
    this.deadlineNs = this.#connectStartNs + ground.spec.timeoutNs;
    const fd = startConnect(ground.calls, ground.address, {
      nagle: ground.spec.behaviour.nagle,
      maxSegment: ground.spec.maxSegment,
    });
    if (fd < 0) this.#connectFailed(-fd);
    else {
      this.fd = fd;
      ground.watch(this, 2);
    }
  }

  #connected(): void {
    const ground = this.#ground;
    const errno = connectResult(ground.calls, this.fd);
    if (errno === ERRNO.EINPROGRESS) return;
    if (errno !== 0) {
      this.#connectFailed(errno);
      return;
    }
    const endNs = nowNs();
    makeBlocking(ground.calls, this.fd, READ_SLICE_MS);
    if (ground.timestamps) enableTimestamps(ground.calls, this.fd);
    this.facts.open(this.fd);
    ground.opened(endNs - this.#connectStartNs);
    this.#answers = ground.protocol.answers();
    this.#streamOffset = 0;
    this.#offset = 0;
    this.ordinal = -1;
    ground.watch(this, 1);
    if (this.intendedNs < 0) this.#becomeIdle(endNs);
    else this.#send();
  }

  #send(): void {
    this.ordinal++;
    this.#piece = 0;
    this.#streamOffset += this.#offset;
    this.#offset = 0;
    this.writtenNs.fill(Number.NaN);
    this.sentNs.fill(Number.NaN);
    this.ackedNs.fill(Number.NaN);
    if (this.#ground.spec.behaviour.cork) this.#ground.calls.options.setCork(this.fd, true);
    this.state = "writing";
    this.#write();
  }

  /** Each piece is one system call of its own; MSG_DONTWAIT, because a full socket buffer must not stop the loop. */
  #write(): void {
    const { calls, pieceEnds, request, spec } = this.#ground;
    this.wakeNs = Number.POSITIVE_INFINITY;
    while (this.#piece < pieceEnds.length) {
      const end = pieceEnds[this.#piece] as number;
      const now = nowNs();
      if (Number.isNaN(this.writtenNs[this.#piece])) this.writtenNs[this.#piece] = now;
      if (this.#piece === pieceEnds.length - 1) this.wholeNs = now;
      const sent = calls.send(this.fd, request.at(this.#offset), end - this.#offset, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) {
        const errno = calls.errno();
        if (errno === ERRNO.EAGAIN) {
          this.state = "writing";
          this.#ground.watch(this, 3);
        } else this.#troubled(errno);
        return;
      }
      this.writes++;
      this.#offset += sent;
      if (this.#offset < end) continue;
      this.#piece++;
      if (spec.behaviour.gapNs > 0 && this.#piece < pieceEnds.length) {
        this.state = "gap";
        this.wakeNs = nowNs() + spec.behaviour.gapNs;
        return;
      }
    }
    this.#written();
  }

  #written(): void {
    const { calls, spec } = this.#ground;
    this.wholes++;
    if (spec.behaviour.cork) calls.options.setCork(this.fd, false);
    this.#armQuickAck();
    this.state = "reading";
    this.#ground.watch(this, 1);
  }

  /**
   * TCP_QUICKACK falls back by itself: it is set again after the last write and after every read (tcp(7)). Stamps that wait on
   * the error queue count as unread data, and the kernel acknowledges at once only when there is none (__tcp_cleanup_rbuf).
   */
  #armQuickAck(): void {
    const { quickack } = this.#ground.spec.behaviour;
    if (quickack === "default") return;
    this.collectStamps();
    this.#ground.calls.options.setQuickAck(this.fd, quickack === "on");
  }

  #take(length: number): void {
    const ground = this.#ground;
    if (Number.isNaN(this.firstByteNs)) {
      this.firstByteNs = nowNs();
      this.arrivedNs = ground.receiver.arrivedNs;
    }
    if (this.state === "idle") {
      this.drop();
      return;
    }
    const answer = this.#answers.push(ground.receiver.buffer, 0, length);
    if (answer === INCOMPLETE || answer.state === "incomplete") {
      this.#armQuickAck();
      return;
    }
    if (answer.state === "malformed") this.#fail("malformed", answer.reason);
    else if (answer.end < length) this.#fail("malformed", `${length - answer.end} bytes too many after the answer`);
    else if (this.state !== "reading") this.#fail(...earlyAnswer(answer));
    else {
      this.endNs = nowNs();
      this.#armQuickAck();
      this.#answered(answer, answer.closes === true);
    }
  }

  /** The whole answer is there, and `endNs` is set. @param close the connection is not to be used again */
  #answered({ kind, detail }: Complete, close: boolean): void {
    this.status = kind === "value" ? STATUS_VALUE : kind === "miss" ? STATUS_MISS : statusOf("error-answer");
    if (kind === "error") this.says = detail ?? "";
    this.#finish(close);
  }

  #peerClosed(): void {
    if (this.state === "idle") {
      this.drop();
      return;
    }
    const answer = this.#answers.close();
    if (answer.state === "complete" && this.state === "reading") {
      this.endNs = nowNs();
      this.#answered(answer, true);
    } else if (!this.#retryOnNewConnection()) {
      const part = Number.isNaN(this.firstByteNs) ? "before it answered" : "in the middle of its answer";
      this.#fail("closed", `the server closed the connection ${part}`);
    }
  }

  #troubled(errno: number): void {
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
    if (this.state === "idle") this.drop();
    else if (errno === ERRNO.EPIPE && this.#retryOnNewConnection()) return;
    else this.#fail("reset", `${errnoName(errno)} while the request ran`);
  }

  /**
   * A kept connection that ends before the first byte of an answer was most likely closed while idle: a client asks again on
   * a new one (RFC 9112 section 9.3.1). The request's time goes on: that is what the close costs. An end of the stream, or
   * EPIPE (Linux: a reset behind a FIN, tcp_reset() in CLOSE_WAIT); ECONNRESET is a failure of its own.
   */
  #retryOnNewConnection(): boolean {
    if (this.#retried || this.ordinal === 0 || !Number.isNaN(this.firstByteNs)) return false;
    this.#retried = true;
    const { deadlineNs } = this;
    this.drop();
    this.#connect();
    this.deadlineNs = deadlineNs;
    return true;
  }

  #connectFailed(errno: number): void {
    const failure: Failure =
      errno === ERRNO.ECONNREFUSED
        ? "refused"
        : errno === ERRNO.ETIMEDOUT
          ? "timeout"
          : errno === ERRNO.ECONNRESET
            ? "reset"
            : "unreachable";
    this.#fail(failure, outOfFiles(errnoName(errno)) ?? `${errnoName(errno)} on connect`);
  }

  #fail(failure: Failure, says: string): void {
    this.endNs = nowNs();
    this.status = statusOf(failure);
    this.says = says;
    this.#finish(true);
  }

  #finish(close: boolean): void {
    const ahead = this.intendedNs < 0;
    if (!ahead) {
      this.collectStamps();
      this.#ground.ended(this);
    }
    if (close || !this.#ground.spec.reuse) this.drop();
    this.#becomeIdle(nowNs());
  }

  #becomeIdle(atNs: number): void {
    this.deadlineNs = Number.POSITIVE_INFINITY;
    this.freeAtNs = atNs;
    if (this.fd >= 0) this.state = "idle";
    this.#ground.free(this);
  }
}
