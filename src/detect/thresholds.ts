/** The numbers that decide, each with its source. A detector never carries one of its own. */

const MS = 1e6;

/**
 * An ACK (or the data that waits for one) that is later than the round trip by this much was delayed by a timer.
 * Linux TCP_DELACK_MIN is HZ/25 = 40 ms, seen as 34 to 51 ms on the wire; other systems use 40 to 200 ms (RFC 9293 3.8.6.3 allows up to 500 ms).
 * A scheduler's hiccup is rarely this long.
 */
export const MIN_DELAYED_ACK_NS = 25 * MS;

/** No delayed-ACK timer in wide use is longer: Linux TCP_DELACK_MAX = HZ/5, 200 ms on Windows; a tick and the scheduling added. */
export const MAX_DELAYED_ACK_NS = 220 * MS;

/** A held piece follows the ACK that frees it at once: within this, or within a quarter of the RTT where that is longer. */
export const REACTION_FLOOR_NS = 1 * MS;
export const REACTION_RTT_SHARE = 0.25;

/** A write system call and the step between two clocks take this long without any hold. */
export const MIN_HOLD_NS = 0.1 * MS;

/**
 * A stall told from latency alone, without kernel timestamps: it must hit this share of the requests. Linux lets a few requests pass
 * between two stalls (net.ipv4.tcp_pingpong_thresh; 1 to 5 seen), so a real one hits a sixth or more; hiccups of a busy machine hit far fewer.
 */
export const MIN_INFERRED_SHARE = 0.05;
export const MIN_INFERRED_COUNT = 3;
/** And it must all but vanish in the cell that differs in the one suspected factor: at most this part of the share. */
export const TWIN_SHARE_LEFT = 0.25;
/** TCP_QUICKACK is a hint that the kernel forgets (tcp(7)), and we may re-arm it too late: half of the pauses may stay. */
export const QUICKACK_SHARE_LEFT = 0.5;

/** An answer within the initial congestion window (RFC 6928) needs no extra round trip, so a pause inside it is not slow start. */
export const INITIAL_WINDOW_SEGMENTS = 10;

/** A slow server is one that is slow more than by accident: this share of the requests, and more than one. */
export const MIN_SLOW_SHARE = 0.01;
export const MIN_SLOW_COUNT = 2;

/** What one answer takes us on Node's event loop, generously: the net engine's closed loop handles some 80,000 a second. */
export const OWN_QUEUE_NS = 50_000;

/** More connections than the lanes need plus this share of the requests: the connections are not being reused. */
export const CHURN_SHARE = 0.05;

/** A split costs segments when it adds half of one per request; less is a request here and there. */
export const MIN_EXTRA_SEGMENTS = 0.5;
/** And this share of what one write needs: a request of thousands of segments never takes exactly the same number twice. */
export const MIN_EXTRA_SHARE = 0.05;

/** We are the bottleneck when our own lateness (p99) is above this, and above a tenth of the latency we want to measure. */
export const MAX_LAG_NS = 1 * MS;
export const MAX_LAG_SHARE = 0.1;

/**
 * Connections of a pool that is too small are busy nearly always. Busy for less than this, as the network sees it, while requests wait
 * for them: it is we who cannot serve them fast enough (redis on loopback, asked for 100,000/s: 0.2 to 0.5).
 */
export const POOL_BUSY_SHARE = 0.6;

/** A theory explains a latency when its part is at least half of it; setting up connections counts from three tenths on. */
export const EXPLAINS_SHARE = 0.5;
export const CONNECT_SHARE = 0.3;
/** Worst cell within this factor of the calmest, and below the other thresholds: nothing is slow. */
export const CALM_FACTOR = 2;
/** Retransmissions on this share of the requests can make a tail (p99). */
export const TAIL_SHARE = 0.01;

/**
 * On a path with jitter a held piece may follow its ACK late. Such a hold is believed where the same end has shown this many
 * prompt ones for each: by itself it may as well be a pause of the application.
 */
export const PROMPT_PER_LOOSE = 2;

/** One slow answer is chance, unless it is slower than the threshold by this factor: then it is worth a look by itself. */
export const OUTLIER_FACTOR = 10;

/** Half of a service's messages or more travel in pieces: a habit of its writer, not an accident. */
export const SPLIT_SHARE = 0.5;

/**
 * A SYN is sent again after 1 s (RFC 6298 section 2; Linux TCP_TIMEOUT_INIT), 200 ms at the very least. A second copy that comes
 * sooner was made on the way, or by the capture.
 */
export const MIN_SYN_WAIT_NS = 100 * MS;

/** A new connection per request: so many connections, with fewer exchanges than this on average. */
export const MIN_CHURN_CONNECTIONS = 10;
export const CHURN_EXCHANGES = 1.5;

/** More of the pool than this is in use on average: a request may well have waited for a connection before we could see it. */
export const FULL_POOL_SHARE = 0.9;

/** A request that waits for a stream, or for window, waits for at least a round trip or an answer; less is our own event loop. */
export const MIN_STREAM_WAIT_NS = 0.2 * MS;
/** And for a stream at least this part of the service time: of a hundred requests at once the first do not wait for any, but for us. */
export const STREAM_WAIT_SHARE = 0.05;
/** Small requests beside a bulk transfer on their connection: slower by this factor, and by so much, than beside it on another one. */
export const HEAD_OF_LINE_FACTOR = 2;
export const MIN_HEAD_OF_LINE_NS = 1 * MS;

/** Nobody asked for a shorter wait: then a pool is called too small only when this share of its requests must wait. */
export const MIN_WAITING_SHARE = 0.1;

/** A pool is too large with this many times the connections that keep waiting below the target: growth and bursts use up the rest. */
export const OVERSIZED_FACTOR = 2;
/** And with at least so many too many: a few idle connections cost nothing. */
export const OVERSIZED_SPARE = 8;

/**
 * An ACK held back for this much longer than advertised is late: timers of QUIC stacks tick in milliseconds (kGranularity, RFC 9002
 * section 6.1.2), and max_ack_delay itself is whole milliseconds.
 */
export const ACK_DELAY_TICK_NS = 1 * MS;
/** And by this share of it: a process that wakes up a few milliseconds late is no broken promise. */
export const ACK_DELAY_SLACK = 0.1;
/** Below this share of lost packets a path is as good as paths are; at it and above, one request in a hundred can meet a loss: a p99. */
export const QUIC_LOSS_SHARE = 0.01;
/** A loss is found by the time threshold of 9/8 round trips at the soonest (RFC 9002 section 6.1.2), and only then sent again. */
export const LOSS_DETECTION_RTTS = 9 / 8;
/** A round trip more before the first byte: nobody notices one that is shorter. */
export const MIN_EXTRA_TRIP_NS = 1 * MS;
