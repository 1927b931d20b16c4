/**
 * What each finding says to people: one line for lists, its title, its fixes. The whole explanation is docs/findings/<code>.md.
 * Detectors give facts; no sentence for people stands anywhere else. Detectors of captures speak with the same words.
 */
import type { FindingCode } from "../report/model.js";
import { formatDuration } from "../units/duration.js";

interface Prose {
  /** One line for `netlat explain` without a code. */
  readonly summary: string;
  /** Facts to one sentence, without a full stop. */
  readonly title: (...facts: never[]) => string;
  /** What to change, the best first; by who has to change it where that differs. */
  readonly fix: readonly string[] | Readonly<Record<string, readonly string[]>>;
}

export const PROSE = {
  "nagle-delayed-ack": {
    summary: "the sender's Nagle waits for an ACK that the receiver delays (40 ms on Linux)",
    title: (sender: "client" | "server", delayed: Delayed): string =>
      sender === "client"
        ? `Nagle x delayed ACK: ${share(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) between two of their own writes`
        : `Nagle x delayed ACK in the answer: ${share(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for the rest of the server's answer`,
    fix: {
      client: [
        "write each request with one call: join its pieces in a buffer, or use writev, MSG_MORE or TCP_CORK",
        "set TCP_NODELAY on the client's socket (Node setNoDelay(true), Java setTcpNoDelay(true), Python TCP_NODELAY, Rust set_nodelay(true); Go has it on)",
        "the server's own TCP_NODELAY does not help: the client is the one that holds data back",
      ],
      server: [
        "on the server, write each answer with one call, or set TCP_NODELAY on the connections it accepts",
        "where the server cannot be changed, re-arm TCP_QUICKACK on the client after each request and each read (Linux; it is not sticky)",
      ],
    },
  },
  "split-write": {
    summary: "a request is written in several small pieces: more segments, no stall",
    title: (pieces: number, segmentsPerRequest: number | null): string =>
      segmentsPerRequest === null
        ? `each request is written in ${pieces} pieces where one would do`
        : `each request is written in ${pieces} pieces and travels in ${segmentsPerRequest.toFixed(1)} segments where one write would need fewer`,
    fix: [
      "write each request with one call: join its pieces in a buffer, or use writev, MSG_MORE or TCP_CORK",
      "TCP_NODELAY keeps this from becoming a stall, but does not save the segments; do not turn it off before the pieces are joined",
    ],
  },
  "delayed-ack": {
    summary: "the server's kernel acknowledged late, but nobody waited for it",
    title: (delayed: Delayed): string =>
      `delayed ACK: ${share(delayed)} were acknowledged ${formatDuration(delayed.p50Ns)} (p50) late; nothing waited for it`,
    fix: [
      "nothing needs to change while each request is one write; with Nagle on and several writes each of these ACKs becomes a stall",
      "leave such ACKs out when you read an RTT from ACK times: they tell of a timer, not of the path",
    ],
  },
  "slow-server": {
    summary: "the server thinks long before the first byte of its answer",
    title: (delayed: Delayed): string =>
      `slow server: ${share(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for the first byte of the answer, the path's round trip taken off`,
    fix: [
      "look inside the server: its own request log, a profile, locks, garbage collection, disk, and what it calls in turn",
      "if only some requests are slow, find what they share: one key, one backend, a fixed period",
    ],
  },
  "connection-churn": {
    summary: "connections are opened again and again where one would serve",
    title: (opened: number, requests: number, closedByServer: boolean): string =>
      closedByServer
        ? `connection churn: the server closes its connections; ${opened} were opened for ${requests} requests`
        : `connection churn: a new connection for every request, ${opened} for ${requests} requests`,
    fix: {
      byServer: [
        "raise the server's limit of requests or idle time per connection (nginx keepalive_requests and keepalive_timeout; HTTP Connection: keep-alive)",
        "behind a proxy, turn keep-alive on towards the upstream as well (nginx: proxy_http_version 1.1 and an empty Connection header)",
      ],
      byClient: [
        "keep connections open and reuse them: a pool or one shared client object (Node Agent with keepAlive, Go one http.Client, Python requests.Session)",
        "read each answer to its end, or its connection cannot be used again",
      ],
    },
  },
  "generator-lag": {
    summary: "netlat itself was late: the figures say nothing about the target",
    title: (lag: { readonly p99Ns: number; readonly limitNs: number }): string =>
      `we were late ourselves: requests left ${formatDuration(lag.p99Ns)} (p99) later than they could, ${formatDuration(lag.limitNs)} is the most that can be tolerated`,
    fix: [
      "lower --rate, or run on a machine with a free core for netlat and one for the target",
      "use --engine kernel on Linux: it sends and receives without Node's event loop",
    ],
  },
} as const satisfies { [C in FindingCode]: Prose };

interface Delayed {
  readonly count: number;
  readonly of: number;
  readonly p50Ns: number;
}

const share = (delayed: Delayed): string => `${delayed.count} of ${delayed.of} requests`;
