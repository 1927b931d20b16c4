/** What people suspect when a request is slow: the claims of the theories, the same for probes and captures, in the order of the report. */

const SLOW_PATH = { id: "slow-path", claim: "the path is slow: the round trip is most of the latency" } as const;
const SLOW_CONNECT = { id: "slow-connect", claim: "setting up connections is what takes the time" } as const;
const SLOW_SERVER = { id: "slow-server", claim: "the server is slow: it thinks for most of the latency" } as const;
const SMALL_POOL = {
  id: "pool-too-small",
  claim: "the pool is too small: requests wait for a free connection",
} as const;
const PACKET_LOSS = { id: "packet-loss", claim: "packets are lost and sent again" } as const;

export const OVER_TCP = [
  SLOW_PATH,
  SLOW_CONNECT,
  SLOW_SERVER,
  SMALL_POOL,
  PACKET_LOSS,
  {
    id: "nagle-delayed-ack",
    claim: "Nagle x delayed ACK: the sender waits for an ACK that the receiver delays",
  },
] as const;

/** What TCP alone does has no place here, but for the first that comes to mind. */
export const OVER_QUIC = [
  SLOW_PATH,
  SLOW_CONNECT,
  { id: "quic-0rtt", claim: "the handshake costs a round trip that 0-RTT would save" },
  { id: "quic-retry", claim: "Retry costs every connection a round trip" },
  SLOW_SERVER,
  SMALL_POOL,
  PACKET_LOSS,
  { id: "quic-ack-delay", claim: "the server delays its ACKs" },
  { id: "nagle-delayed-ack", claim: "Nagle x delayed ACK, as over TCP" },
] as const;

export type TcpTheoryId = (typeof OVER_TCP)[number]["id"];
export type QuicTheoryId = (typeof OVER_QUIC)[number]["id"];
