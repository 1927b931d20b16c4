/** TCP_INFO of one session's connections, one after another, added up over the measured part of a block. */
import type { SocketOptions, TcpInfo } from "../../sockets/socket-options.js";
import { type Ns, us } from "../../units/duration.js";
import type { KernelFacts } from "../probe.js";
import type { NetConnection } from "./net-connection.js";

/** tcpi_min_rtt while there is no sample. */
const NO_RTT_US = 0xffffffff;

export class NetCounters {
  readonly #options: SocketOptions | null;
  #baseline: TcpInfo | null = null;
  #retransmits = 0;
  #segmentsOut = 0;
  #segmentsIn = 0;
  #minRttUs = NO_RTT_US;
  #handshakeRttUs = NO_RTT_US;
  #mss: number | null = null;
  /** A connection's last counters could not be read: Node had closed it after an error. The sums are then not known. */
  #lost = false;

  constructor(options: SocketOptions | null) {
    this.#options = options;
  }

  /** TCP is established, nothing was sent yet: the smoothed RTT is that of the SYN. */
  connected(connection: NetConnection): void {
    const info = this.#read(connection);
    if (info !== null) this.#handshakeRttUs = Math.min(this.#handshakeRttUs, info.rttUs);
  }

  /** Requests can be sent, the TLS handshake is over. */
  opened(connection: NetConnection): void {
    this.#baseline = this.#read(connection);
  }

  /** Counting starts over, on the connection there is. */
  mark(connection: NetConnection | null): void {
    this.#retransmits = 0;
    this.#segmentsOut = 0;
    this.#segmentsIn = 0;
    this.#lost = false;
    this.#baseline = connection === null ? null : this.#read(connection);
  }

  /** The connection is still there, and is dropped next. */
  dropping(connection: NetConnection): void {
    this.take(connection);
    this.#baseline = null;
  }

  /** Adds what was counted since the last time. */
  take(connection: NetConnection): void {
    const from = this.#baseline;
    if (from === null) return;
    const info = this.#read(connection);
    this.#baseline = info;
    if (info === null) {
      this.#lost = true;
      return;
    }
    this.#retransmits += info.totalRetransmits - from.totalRetransmits;
    this.#segmentsOut += info.dataSegsOut - from.dataSegsOut;
    this.#segmentsIn += info.dataSegsIn - from.dataSegsIn;
    this.#minRttUs = Math.min(this.#minRttUs, info.minRttUs);
    this.#mss = info.sndMss;
  }

  facts(): KernelFacts | null {
    if (this.#options === null) return null;
    return {
      minRttNs: rtt(this.#minRttUs),
      handshakeRttNs: rtt(this.#handshakeRttUs),
      retransmits: this.#lost ? null : this.#retransmits,
      dataSegmentsOut: this.#lost ? null : this.#segmentsOut,
      dataSegmentsIn: this.#lost ? null : this.#segmentsIn,
      mss: this.#mss,
    };
  }

  #read(connection: NetConnection): TcpInfo | null {
    return this.#options !== null && connection.hasDescriptor ? this.#options.tcpInfo(connection.fd) : null;
  }
}

const rtt = (microseconds: number): Ns | null => (microseconds === NO_RTT_US ? null : us(microseconds));
