/** What a calm run of HTTP/3 over a path of 40 ms says of its connections: four of them, nothing lost, nothing late, no detour. */
import { histogramOf } from "../../src/report/histogram.js";
import type { HistogramData, QuicFacts } from "../../src/report/model.js";
import { MS } from "./evidence.js";

/** So many times, milliseconds. */
export const times = (...ms: number[]): HistogramData => histogramOf(ms.map((value) => value * MS));
export const spread = (count: number, at: (index: number) => number): HistogramData =>
  times(...Array.from({ length: count }, (_, index) => at(index)));

export type Loss = NonNullable<QuicFacts["loss"]["client"]>;
export const loss = (changes: Partial<Loss> = {}): Loss => ({
  sent: 400,
  acknowledged: 400,
  lost: 0,
  spurious: 0,
  ratio: 0,
  resentBytes: 0,
  ...changes,
});

export function quicFacts(changes: Partial<QuicFacts> = {}): QuicFacts {
  return {
    versions: { v1: 4 },
    alpn: { h3: 4 },
    suites: { TLS_AES_128_GCM_SHA256: 4 },
    sni: { "example.test": 4 },
    connections: { opened: 4, mostActive: 2, failed: {} },
    streams: { opened: 200, mostActive: 10, failed: {} },
    opened: { packets: 900, of: 900, says: "" },
    handshake: {
      total: times(41.8, 42, 42.2, 43),
      flights: [
        { name: "client hello to first answer", time: times(40.3, 40.4, 40.5, 41) },
        { name: "first answer to server flight complete", time: times(0.9, 1, 1.1, 1.2) },
        { name: "server flight complete to client finished", time: times(0.5, 0.6, 0.6, 0.7) },
      ],
      retries: 0,
      versionNegotiations: 0,
      helloRetries: 0,
    },
    earlyData: { offered: 0, accepted: 0, rejected: 0, resumed: 0, rejectionCost: null },
    rtt: spread(200, (index) => 40.2 + index / 500),
    spinRtt: null,
    ackDelay: {
      client: { advertisedNs: 25 * MS, claimed: spread(100, () => 0.05), over: 0 },
      server: { advertisedNs: 25 * MS, claimed: spread(100, (index) => (index < 60 ? 0.3 : 20)), over: 0 },
    },
    loss: { client: loss(), server: loss({ sent: 420, acknowledged: 420 }) },
    datagrams: { client: { datagrams: 450, bytes: 60_000 }, server: { datagrams: 480, bytes: 500_000 } },
    congestionWindowBytes: { last: 13_500, most: 20_250 },
    goodputBytesPerSecond: 250_000,
    transportParameters: { client: null, server: PARAMETERS },
    migrations: [],
    closes: { "client: H3_NO_ERROR": 4 },
    h3: { serverSettings: { QPACK_MAX_TABLE_CAPACITY: 0 }, goaways: 0, qpackInstructions: 0 },
    ...changes,
  };
}

/** As ngtcp2's gtlsserver sends them. */
const PARAMETERS = {
  original_destination_connection_id: "c5a8d3e2f1b04a7796e8",
  initial_source_connection_id: "5f1e09a7c3b2d4e68190a1b2c3d4e5f60718",
  stateless_reset_token: "9a3c5e7f01234567890abcdef0123456",
  max_idle_timeout: 30_000,
  initial_max_data: 1_048_576,
  initial_max_stream_data_bidi_remote: 262_144,
  initial_max_stream_data_uni: 262_144,
  initial_max_streams_bidi: 100,
  initial_max_streams_uni: 3,
  active_connection_id_limit: 7,
  grease_quic_bit: true,
  version_information: "v1, v1, v2",
};
