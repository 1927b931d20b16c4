/** TCP_INFO before and after: what the kernel counted on a lane's connections while it was measured. */
import type { SocketOptions, TcpInfo } from "../../sockets/socket-options.js";
import { type Ns, us } from "../../units/duration.js";
import type { KernelFacts } from "../probe.js";

const NO_MIN_RTT_US = 0xffffffff;

/** Counts over one connection slot, through any number of connections, from `mark()` on. */
export class FactsCounter {
  retransmits = 0;
  dataSegmentsOut = 0;
  dataSegmentsIn = 0;
  minRttUs = Number.POSITIVE_INFINITY;
  handshakeRttUs = Number.NaN;
  mss = 0;
  readonly #options: SocketOptions;
  #base: TcpInfo | null = null;

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  /** A connection was made: its first RTT sample is the handshake's. */
  open(fd: number): void {
    this.#base = this.#options.tcpInfo(fd);
    if (this.#base === null) return;
    this.handshakeRttUs = this.#base.rttUs;
    this.mss = this.#base.sndMss;
  }

  /** The measured part begins. */
  mark(fd: number): void {
    this.retransmits = 0;
    this.dataSegmentsOut = 0;
    this.dataSegmentsIn = 0;
    if (fd >= 0) this.#base = this.#options.tcpInfo(fd);
  }

  /** Adds what this connection counted since the last call; call before it is closed, and at the end. */
  close(fd: number): void {
    const now = fd >= 0 ? this.#options.tcpInfo(fd) : null;
    if (now === null || this.#base === null) return;
    const resent = now.totalRetransmits - this.#base.totalRetransmits;
    this.retransmits += resent;
    // data_segs_out counts every transmission (tcp_output.c, __tcp_transmit_skb).
    this.dataSegmentsOut += now.dataSegsOut - this.#base.dataSegsOut - resent;
    this.dataSegmentsIn += now.dataSegsIn - this.#base.dataSegsIn;
    if (now.minRttUs !== NO_MIN_RTT_US) this.minRttUs = Math.min(this.minRttUs, now.minRttUs);
    this.mss = now.sndMss;
    this.#base = now;
  }
}

/** The connections' counters as one. */
export function sumFacts(counters: readonly FactsCounter[]): KernelFacts {
  const sum = (pick: (c: FactsCounter) => number) => counters.reduce((total, c) => total + pick(c), 0);
  const least = (pick: (c: FactsCounter) => number): number | null => {
    const seen = counters.map(pick).filter((value) => Number.isFinite(value));
    return seen.length === 0 ? null : Math.min(...seen);
  };
  const asNs = (value: number | null): Ns | null => (value === null ? null : us(value));
  return {
    minRttNs: asNs(least((c) => c.minRttUs)),
    handshakeRttNs: asNs(least((c) => c.handshakeRttUs)),
    retransmits: sum((c) => c.retransmits),
    dataSegmentsOut: sum((c) => c.dataSegmentsOut),
    dataSegmentsIn: sum((c) => c.dataSegmentsIn),
    mss: counters.find((c) => c.mss > 0)?.mss ?? null,
  };
}
