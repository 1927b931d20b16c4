/*
 * A connection of the made capture and what is said on it: a script of segments, written exchange by exchange as the client's
 * end of the path sees them, so that an answer comes a round trip after what it answers.
 */
#include "capture-frames.h"

enum side { CLIENT, SERVER };
enum { LONGEST_SCRIPT = 96, LONGEST_HEAD = 400, FILLER = 1 << 16 };

struct segment {
  uint64_t at_us;
  uint32_t seq, ack;
  uint32_t timestamp, echo;
  uint16_t offset, length; /* of the message of this side */
  uint8_t side, flags;
};

/* A message is a head, filler, and a tail. */
struct message {
  uint16_t head_length, length;
  const char *tail;
  char head[LONGEST_HEAD];
};

struct flow {
  uint64_t random;
  uint64_t now_us; /* how far the script is written */
  uint32_t address[2];
  uint16_t port[2];
  uint32_t next[2];  /* sequence numbers */
  uint32_t clock[2]; /* what the timestamp option shows at 0 */
  uint32_t echoed[2]; /* timestamp of the peer that this side has received */
  uint32_t rtt_us;
  uint8_t kind, protocol, step, steps, closed;
  uint32_t exchanges;
  struct message message[2];
  struct segment script[LONGEST_SCRIPT];
};

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* From low to high, both possible. */
static uint32_t between(struct flow *flow, uint32_t low, uint32_t high) {
  return low + (uint32_t)(next_random(&flow->random) % (high - low + 1));
}

static int chance(struct flow *flow, uint32_t percent) { return between(flow, 1, 100) <= percent; }

/* The timestamp of the newest segment of the other side that this one has: the client is where the capture is taken, the server half
 * of the way off each time. */
static uint32_t received(struct flow *flow, enum side side, uint64_t at_us) {
  const uint64_t seen = side == CLIENT ? at_us : at_us > flow->rtt_us ? at_us - flow->rtt_us : 0;
  for (int step = flow->steps - 1; step >= 0; step--) {
    const struct segment *segment = &flow->script[step];
    if (segment->side != side && segment->at_us <= seen) return flow->echoed[side] = segment->timestamp;
  }
  return flow->echoed[side];
}

static struct segment *add(struct flow *flow, enum side side, uint8_t flags, uint32_t after_us) {
  if (flow->steps == LONGEST_SCRIPT) { fprintf(stderr, "make-capture: a script is too long\n"); exit(1); }
  flow->now_us += after_us;
  const uint64_t sent_us = side == SERVER && flow->now_us > flow->rtt_us / 2 ? flow->now_us - flow->rtt_us / 2 : flow->now_us;
  const uint32_t echo = received(flow, side, flow->now_us);
  struct segment *segment = &flow->script[flow->steps++];
  *segment = (struct segment){
      .at_us = flow->now_us, .seq = flow->next[side], .ack = flow->next[!side], .side = side, .flags = flags,
      .timestamp = flow->clock[side] + (uint32_t)(sent_us / 1000), .echo = echo,
  };
  if (flags & (SYN | FIN)) flow->next[side]++;
  return segment;
}

/* `length` bytes of this side's message from `offset`. */
static struct segment *say(struct flow *flow, enum side side, uint32_t after_us, uint32_t offset, uint32_t length) {
  const uint8_t last = offset + length == flow->message[side].length ? PSH : 0;
  struct segment *segment = add(flow, side, ACK | last, after_us);
  segment->offset = (uint16_t)offset;
  segment->length = (uint16_t)length;
  flow->next[side] += length;
  return segment;
}

static void acknowledge(struct flow *flow, enum side side, uint32_t after_us) { add(flow, side, ACK, after_us); }

static void say_handshake(struct flow *flow) {
  struct segment *syn = add(flow, CLIENT, SYN, 0);
  syn->ack = syn->echo = 0;
  add(flow, SERVER, SYN | ACK, flow->rtt_us);
  acknowledge(flow, CLIENT, between(flow, 5, 20));
  flow->now_us += between(flow, 100, 2000);
}

static void say_goodbye(struct flow *flow) {
  flow->closed = 1;
  flow->now_us += 100;
  add(flow, CLIENT, ACK | FIN, 0);
  add(flow, SERVER, ACK | FIN, flow->rtt_us + between(flow, 10, 50));
  acknowledge(flow, CLIENT, between(flow, 5, 20));
}

static char filler[FILLER];

static void prepare_filler(void) {
  for (int at = 0; at < FILLER; at++) filler[at] = (char)('a' + at % 26);
}

static void put_payload(uint8_t *to, const struct message *message, uint32_t offset, uint32_t length) {
  const uint32_t end = offset + length;
  const uint32_t tail_length = (uint32_t)strlen(message->tail);
  const uint32_t tail_at = message->length - tail_length;
  memcpy(to, filler + offset % 26, length);
  if (offset < message->head_length) {
    memcpy(to, message->head + offset, (end < message->head_length ? end : message->head_length) - offset);
  }
  for (uint32_t at = offset > tail_at ? offset : tail_at; at < end; at++) to[at - offset] = (uint8_t)message->tail[at - tail_at];
}
