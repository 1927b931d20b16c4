/**
 * What each finding says to people: one line for lists, its title, its fixes. The whole explanation is docs/findings/<code>.md.
 * Detectors give facts; no sentence for people stands anywhere else. Detectors of captures speak with the same words.
 */
import type { FindingCode } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";

interface Prose {
  /** One line for `netlat explain` without a code. */
  readonly summary: string;
  /** Facts to one sentence, without a full stop. */
  readonly title: (...facts: never[]) => string;
  /** The title where a capture tells it and can say more, or less, than a probe. */
  readonly captured?: (...facts: never[]) => string;
  /** What to change, the best first; by who has to change it where that differs. */
  readonly fix: readonly string[] | Readonly<Record<string, readonly string[]>>;
}

export const PROSE = {
  "nagle-delayed-ack": {
    summary: "Nagle waits for an ACK that the receiver delays (40 ms on Linux)",
    title: (sender: Role, delayed: Delayed): string =>
      sender === "client"
        ? `Nagle x delayed ACK: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) between two of their own writes`
        : `Nagle x delayed ACK in the answer: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for the rest of the server's answer`,
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
    title: (pieces: number, segments: number | null, needed: number | null): string =>
      segments === null
        ? `each request is written in ${pieces} pieces where one would do`
        : `each request is written in ${pieces} pieces and travels in ${digits(segments)} segments` +
          (needed === null ? "" : ` where one write needs ${digits(needed)}`),
    captured: (sender: Role, share: Share, segments: number): string =>
      sender === "client"
        ? `split writes: ${shareOf(share)} travel in ${digits(segments)} segments, small ones that did not wait for each other`
        : `split writes in the answer: for ${shareOf(share)} it travels in ${digits(segments)} segments where one would hold it`,
    fix: [
      "write each request with one call: join its pieces in a buffer, or use writev, MSG_MORE or TCP_CORK",
      "TCP_NODELAY keeps this from becoming a stall, but does not save the segments; do not turn it off before the pieces are joined",
    ],
  },
  "delayed-ack": {
    summary: "the server's kernel acknowledged late, but nobody waited for it",
    captured: (receiver: Role, late: Delayed): string =>
      `delayed ACK: the ${receiver} acknowledged ${late.count === 1 ? "once" : `${late.count} times`} ${formatDuration(late.p50Ns)} (p50) late, in ${late.of} request${late.of === 1 ? "" : "s"}; nothing waited for it`,
    title: (delayed: Delayed): string =>
      `delayed ACK: ${shareOf(delayed)} were acknowledged ${formatDuration(delayed.p50Ns)} (p50) late; nothing waited for it`,
    fix: [
      "nothing needs to change while each request is one write; with Nagle on and several writes each of these ACKs becomes a stall",
      "leave such ACKs out when you read an RTT from ACK times: they tell of a timer, not of the path",
    ],
  },
  "slow-server": {
    summary: "the server thinks long before the first byte of its answer",
    title: (delayed: Delayed): string =>
      `slow server: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for the first byte of the answer, the path's round trip taken off`,
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
    summary: "netlat itself was late: that cell says nothing about the target",
    title: (lag: { readonly p99Ns: number; readonly limitNs: number }): string =>
      `we were late ourselves: requests left ${formatDuration(lag.p99Ns)} (p99) later than they could, ${formatDuration(lag.limitNs)} is the most that can be tolerated`,
    fix: [
      "lower --rate, or run on a machine with a free core for netlat and one for the target",
      "use --engine kernel on Linux: it sends and receives without Node's event loop",
    ],
  },
  rto: {
    summary: "a lost packet is sent again only when a timer ends (200 ms on Linux)",
    title: (sender: Role, delayed: Delayed): string =>
      `packet loss: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) until the ${sender}'s retransmission timer sent again what was lost`,
    fix: [
      "find where packets are lost: interface and switch drop counters, policers, full queues, a duplex or MTU mismatch on the path",
      "nothing follows a lost last segment that could tell of it: keep tail loss probes on (Linux net.ipv4.tcp_early_retrans=3, the default)",
      "keep SACK and timestamps on (net.ipv4.tcp_sack, tcp_timestamps), and hedge or retry requests that must not wait 200 ms",
    ],
  },
  "fast-retransmit": {
    summary: "a lost packet is sent again after duplicate ACKs, a round trip later",
    title: (sender: Role, delayed: Delayed): string =>
      `packet loss: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) while the ${sender} sent lost segments again (fast retransmit)`,
    fix: [
      "find where packets are lost: interface and switch drop counters, policers, full queues; loss under load alone means a queue that overflows",
      "where the sender's own bursts overflow a queue, pace them (Linux tc fq, BBR) or shorten them",
    ],
  },
  "syn-retransmit": {
    summary: "a SYN or its answer is lost: the connection opens a second late, or never",
    title: (sender: Role, delayed: Delayed): string =>
      `slow connects: ${delayed.count} of ${delayed.of} connections waited ${formatDuration(delayed.p50Ns)} (p50) because the ${sender} had to send its ${sender === "client" ? "SYN" : "SYN-ACK"} again`,
    fix: [
      "look for a full accept queue on the server (Linux nstat TcpExtListenOverflows, TcpExtListenDrops; ss -ltn): raise the backlog and net.core.somaxconn, accept faster",
      "look for a firewall or connection tracking table that drops (dmesg: nf_conntrack: table full), and for an address that nobody answers",
      "keep connections open and reuse them, so that a lost SYN meets few requests",
    ],
  },
  "zero-window": {
    summary: "the receive buffer is full: the sender waits until the application reads",
    title: (receiver: Role, delayed: Delayed): string =>
      `closed window: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) because the ${receiver} did not read and its receive buffer was full`,
    fix: {
      client: [
        "make the client read faster: take reading off the thread that computes, read to the end before processing, ask for less at once",
        "raise the client's receive buffer only where reading keeps up on average (Linux net.ipv4.tcp_rmem; do not set SO_RCVBUF, it ends auto-tuning)",
      ],
      server: [
        "make the server read faster: its workers or its event loop are busy while the request waits in the kernel",
        "raise the server's receive buffer only where reading keeps up on average (Linux net.ipv4.tcp_rmem; do not set SO_RCVBUF, it ends auto-tuning)",
      ],
    },
  },
  "connection-reset": {
    summary: "a connection is reset while a request is under way, or refused",
    title: (by: Role, broken: Share): string =>
      `connection reset: ${shareOf(broken)} were cut off by the ${by}, without an answer`,
    captured: (refused: Share): string =>
      `connection refused: ${refused.count} of ${refused.of} connections were answered with a reset`,
    fix: {
      client: [
        "look for a timeout or a cancelled request in the client: it closed its socket while the answer was still owed",
        "if the server was slow then, see its other findings: the client gave up",
      ],
      server: [
        "look for a crash, a restart or an idle timeout of the server, or of a proxy or load balancer in between, at the times shown",
        "keep the client's idle timeout below the server's, so that it never asks on a connection that is being closed",
        "retry requests that may be repeated, once, on a new connection",
      ],
      refused: [
        "see that the server listens on that address and port (ss -ltn), and that no firewall rejects with a reset",
      ],
    },
  },
  "h2-stream-limit": {
    summary: "more requests at once than streams on a connection: the rest waits",
    title: (waited: Delayed, limit: number): string =>
      `stream limit: ${shareOf(waited)} waited ${formatDuration(waited.p50Ns)} (p50) for one of ${limit} streams on their connection`,
    fix: [
      "open more connections: requests at once divided by the limit, rounded up (gRPC: a pool of channels; Go http2 and Envoy can do it by themselves)",
      "raise the limit on the server (nginx http2_max_concurrent_streams, envoy max_concurrent_streams, grpc-go MaxConcurrentStreams), if it can serve that many",
      "shorten what holds a stream: the limit divided by the service time is the most a connection carries per second (Little's law)",
    ],
  },
  "h2-head-of-line": {
    summary: "small requests wait behind bulk data on the same TCP connection",
    title: (delayed: Delayed, factor: number): string =>
      `head-of-line blocking: ${shareOf(delayed)} beside a bulk transfer on the same connection took ${digits(factor)} times as long as beside one on another`,
    fix: [
      "send bulk data on a connection of its own, or through another host name",
      "announce a smaller window for bulk streams (INITIAL_WINDOW_SIZE near bandwidth x round trip), so that less of it stands in front of a small answer",
      "on the server keep the socket's send queue short (Linux TCP_NOTSENT_LOWAT, 16 KiB; nginx http2_chunk_size), so that it can still choose what goes next",
    ],
  },
  "h2-flow-control": {
    summary: "a request's body waits for the server to open its HTTP/2 window",
    title: (delayed: Delayed): string =>
      `flow control: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for window to send their body`,
    captured: (delayed: Delayed): string =>
      `flow control: ${shareOf(delayed)} waited ${formatDuration(delayed.p50Ns)} (p50) for the rest of the answer, until the client gave window`,
    fix: {
      server: [
        "raise the server's window (nginx http2_body_preread_size, envoy initial_stream_window_size, grpc-go InitialWindowSize) to bandwidth x round trip",
        "let the server read bodies as they come: a window that is not opened again is an application that does not read",
      ],
      client: [
        "raise the client's window to bandwidth x round trip (Go http.HTTP2Config MaxReceiveBufferPerStream, Node settings.initialWindowSize and setLocalWindowSize, grpc-go WithInitialWindowSize, nghttp -w and -W)",
        "let the client read answers as they come: a window that is not opened again is an application that does not read",
      ],
    },
  },
  "h2-ping-enforced": {
    summary: "the server ends the connection because it was pinged too often",
    title: (ended: number, of: number, debug: string): string =>
      `pings refused: ${ended} of ${of} connections were ended with ENHANCE_YOUR_CALM${debug === "" ? "" : ` "${debug}"`}`,
    fix: [
      "ping no more often than the server allows (gRPC servers: every 5 minutes by default), and only while a call is open",
      "or allow it on the server: grpc-go keepalive.EnforcementPolicy MinTime and PermitWithoutStream, C-core GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS",
      "an idle connection that a middlebox forgets is better kept by TCP keepalive, or opened anew",
    ],
  },
  "h2-goaway": {
    summary: "the server ends connections with GOAWAY while they are used",
    title: (ended: number, of: number, code: string): string =>
      `connections ended by the server: ${ended} of ${of} with GOAWAY ${code}`,
    fix: [
      "NO_ERROR is a server that drains or recycles connections (max age, requests per connection, deploy): the client must open the next one before the old one is gone, and repeat only streams above the last one named",
      "raise the server's limit where it recycles too soon (nginx keepalive_requests and keepalive_time, grpc MaxConnectionAge, envoy max_connection_duration)",
      "another code is an error: its debug text and the server's log say which",
    ],
  },
  "quic-ack-delay": {
    summary: "an end of a QUIC connection acknowledges later than it said it would",
    title: (by: Role, late: Late): string =>
      late.over
        ? `late QUIC ACKs: the ${by} held back ${late.count} of ${late.of} ACKs, ${formatDuration(late.p99Ns)} (p99), where it advertised ${formatDuration(late.advertisedNs)}`
        : `long QUIC ACK delay: the ${by} held ACKs back ${formatDuration(late.p50Ns)} (p50), as it advertised, and the other end took packets for lost`,
    fix: {
      server: [
        "on the server, acknowledge within the max_ack_delay it advertises (RFC 9000 section 13.2.1), or advertise what it does: max_ack_delay is what every sender adds to its probe timeout",
        "look for what keeps the server from running its timers: a blocked event loop or worker, a CPU limit (cgroup throttling), batches of datagrams that are read late",
        "where the path is short and both ends can, ask for less with the ACK frequency extension (quinn AckFrequencyConfig max_ack_delay, lsquic es_delayed_acks, msquic)",
      ],
      client: [
        "on the client, acknowledge within the max_ack_delay it advertises: its own event loop is too busy to run the ACK timer, or a timer of its is coarse",
        "or advertise what it does (quiche set_max_ack_delay, ngtcp2 max_ack_delay, msquic MaxAckDelayMs), so that the server waits that long before it sends again",
      ],
    },
  },
  "quic-retry": {
    summary: "the server sends new connections back with a Retry: a round trip more",
    title: (share: Share, eachNs: number | null): string =>
      `Retry: ${connectionsOf(share)} ${share.count === 1 ? "was" : "were"} sent back to prove ${share.of === 1 ? "its" : "their"} address${eachNs === null ? "" : `, ${formatDuration(eachNs)} (p50) each before the handshake began`}`,
    fix: [
      "ask for Retry only under load (nginx quic_retry off, HAProxy quic-force-retry off and tune.quic.retry-threshold, quiche-server --no-retry, quinn Incoming::retry only when busy, caddy/quic-go Transport.VerifySourceAddress)",
      "let the client keep the NEW_TOKEN of an earlier connection: a token that is still good takes the place of the Retry (RFC 9000 section 8.1.3)",
      "keep connections open and reuse them: only new ones pay",
    ],
  },
  "quic-0rtt-rejected": {
    summary: "the server refuses 0-RTT: what was sent early goes again",
    title: (share: Share, eachNs: number | null): string =>
      `0-RTT rejected: ${connectionsOf(share)} sent early data that the server refused${eachNs === null ? "" : `; it went again ${formatDuration(eachNs)} (p50) later`}`,
    fix: {
      always: [
        "turn early data on at the server (nginx ssl_early_data on, HAProxy allow-0rtt on the bind line, quiche enable_early_data, quinn max_early_data_size, caddy/quic-go Allow0RTT, msquic ServerResumptionLevel)",
        "a server whose ALPN or limits differ from those of the ticket must refuse it: let clients fetch a new ticket",
      ],
      sometimes: [
        "share the ticket keys between the servers behind one name and keep them over restarts (nginx ssl_session_ticket_key, HAProxy tls-ticket-keys): a ticket of another server, or of an older key, is refused",
        "send in 0-RTT only requests that may be repeated, and only ones that may wait for a whole handshake now and then (RFC 8470)",
      ],
    },
  },
  "quic-loss": {
    summary: "QUIC packets are lost on the way and their data goes again",
    title: (sender: Role, lost: Share, ratio: number, delayed: Delayed | null): string =>
      `QUIC packet loss: ${lost.count} of ${lost.of} packets of the ${sender} were lost (${digits(100 * ratio)} %)${delayed === null ? "" : `; ${shareOf(delayed)} had to wait for theirs, ${formatDuration(delayed.p50Ns)} (p50) longer than the others`}`,
    fix: [
      "find where packets are lost: interface and switch drop counters, policers of UDP, full queues; loss under load alone means a queue that overflows",
      "look at the sockets of both ends (Linux nstat UdpRcvbufErrors UdpSndbufErrors; raise net.core.rmem_max, which quic-go and others ask for), and at datagrams larger than the path takes (max_udp_payload_size 1200)",
      "where the sender's own bursts overflow a queue, pace them (quinn, quiche, ngtcp2 and msquic pace; Linux tc fq with SO_TXTIME), or use BBR",
    ],
  },
  "quic-version-negotiation": {
    summary: "the server does not speak the client's version: a round trip more",
    title: (share: Share, eachNs: number | null): string =>
      `QUIC Version Negotiation: ${connectionsOf(share)} began with a version that the server does not speak${eachNs === null ? "" : `, ${formatDuration(eachNs)} (p50) each until it said so`}`,
    fix: [
      "let the client begin with a version that the server speaks: v1 (RFC 9000) is spoken by all; v2 (RFC 9369) better by compatible negotiation (RFC 9368), which costs no round trip",
      "bring the server up to date where it speaks only drafts",
    ],
  },
  "pool-undersized": {
    summary: "too few connections in the pool: requests wait before they are sent",
    title: (connections: number, needed: number): string =>
      `pool too small: ${connections} ${connections === 1 ? "connection" : "connections"} where ${needed} are needed`,
    fix: [
      "first shorten the time that a request holds its connection (the other findings say how): it needs fewer connections, and less of everything else",
      "then raise the pool to the number recommended, if the server accepts that many from all its clients together",
    ],
  },
  "pool-oversized": {
    summary: "the pool has many more connections than the load needs",
    title: (connections: number, needed: number): string =>
      `pool too large: ${connections} connections where ${needed} ${needed === 1 ? "carries" : "carry"} the load with head room`,
    fix: [
      "lower the pool to the number recommended; a small pool also shows a slow server sooner than a long queue inside it does",
      "set an idle timeout, so that what a burst opened is closed again",
    ],
  },
} as const satisfies { [C in FindingCode]: Prose };

type Role = "client" | "server";

interface Share {
  readonly count: number;
  readonly of: number;
}

interface Delayed extends Share {
  readonly p50Ns: number;
}

/** ACKs that were held back for longer than advertised (`over`), or long but as advertised. */
interface Late extends Delayed {
  readonly over: boolean;
  readonly p99Ns: number;
  readonly advertisedNs: number;
}

const connectionsOf = ({ count, of }: Share): string => `${count} of ${of} connection${of === 1 ? "" : "s"}`;

const shareOf = ({ count, of }: Share): string => `${count} of ${of} requests`;
