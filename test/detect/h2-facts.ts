/** What a calm run of HTTP/2 says of its connections: ten streams at most, nothing waits, nothing ends. */
import { histogramOf } from "../../src/report/histogram.js";
import type { H2Facts } from "../../src/report/model.js";
import { MS } from "./evidence.js";

export function h2Facts(changes: Partial<H2Facts> = {}): H2Facts {
  return {
    streams: 1,
    streamLimit: 10,
    mostOpen: 1,
    serverSettings: { MAX_CONCURRENT_STREAMS: 10 },
    ourSettings: { ENABLE_PUSH: 0, INITIAL_WINDOW_SIZE: 1_048_576 },
    settingsAckNs: 0.2 * MS,
    ping: histogramOf([0.1 * MS]),
    server: histogramOf([0.1 * MS]),
    transfer: histogramOf([0]),
    littlesLaw: null,
    frames: { sent: { HEADERS: 200 }, received: { HEADERS: 200 } },
    hpack: { sent: { fields: 200, wire: 100 }, received: { fields: 200, wire: 100 } },
    windowWait: { requests: 0, totalNs: 0, maxNs: 0 },
    resets: {},
    goaways: [],
    ...changes,
  };
}

export const goaway = (changes: Partial<H2Facts["goaways"][number]> = {}): H2Facts["goaways"][number] => ({
  errorCode: "NO_ERROR",
  lastStream: 11,
  debug: "",
  afterNs: 80 * MS,
  ourSettingsAcked: true,
  pings: 0,
  lostStreams: 0,
  ...changes,
});
