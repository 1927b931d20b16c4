/*
 * One exchange of request and answer each: the stalls that an analysis must find, and what looks like them and is none.
 * A stall is a small segment, its ACK when the receiver's timer runs out, and at once what was held back until then.
 */
#include "capture-messages.h"

enum kind { PLAIN, CLIENT_STALLS, SERVER_STALLS, SERVER_THINKS, CLIENT_PAUSES, LONG_PATH, CLIENT_IDLES, PIECE_LOST, NODELAY_SPLIT, KINDS };
/* Of 100 connections. */
static const int SHARE[KINDS] = {68, 7, 2, 4, 4, 4, 4, 3, 4};

struct truth {
  uint64_t exchanges;
  uint64_t client_stalls, server_stalls, pieces_lost; /* to be found */
  uint64_t server_thinks, client_pauses, pauses_ending_on_ack, long_path_splits, client_idles, quick_acks, nodelay_splits; /* not to */
};

static const struct sizes *sizes;
static struct truth truth;

static uint32_t think(struct flow *flow) { return chance(flow, 5) ? between(flow, 1000, 5000) : between(flow, 50, 400); }

/* The client's ACK of the whole answer, and the time until it asks again: an ACK that is not due by then rides on the request. */
static void rest(struct flow *flow, int unacknowledged, uint32_t pause_us) {
  const uint32_t due_us = !unacknowledged ? 0 : chance(flow, 30) ? between(flow, 3, 12) : between(flow, 40000, 42000);
  if (unacknowledged && due_us < pause_us) {
    acknowledge(flow, CLIENT, due_us);
    pause_us -= due_us;
  }
  flow->now_us += pause_us;
}

static uint32_t usual_pause(struct flow *flow) {
  return chance(flow, 60) ? between(flow, 30, 4000) : between(flow, 20000, 900000);
}

/* From `offset` to the end, segment upon segment, every second one acknowledged. Returns whether the last one is not. */
static int say_answer(struct flow *flow, uint32_t after_us, uint32_t offset) {
  const uint32_t end = flow->message[SERVER].length;
  int unacknowledged = 0;
  while (offset < end) {
    const uint32_t length = end - offset < FULL_SEGMENT ? end - offset : FULL_SEGMENT;
    say(flow, SERVER, after_us, offset, length);
    offset += length;
    after_us = between(flow, 8, 14);
    unacknowledged = !unacknowledged;
    if (!unacknowledged) acknowledge(flow, CLIENT, 3);
  }
  return unacknowledged;
}

static void answer(struct flow *flow, uint32_t think_us, uint32_t pause_us) {
  rest(flow, say_answer(flow, flow->rtt_us + think_us, 0), pause_us);
}

static void ask_whole(struct flow *flow) { say(flow, CLIENT, 0, 0, flow->message[CLIENT].length); }
static void ask_first(struct flow *flow, uint32_t cut) { say(flow, CLIENT, 0, 0, cut); }
static void ask_second(struct flow *flow, uint32_t cut, uint32_t after_us) {
  say(flow, CLIENT, after_us, cut, flow->message[CLIENT].length - cut);
}

static void plain(struct flow *flow) {
  ask_whole(flow);
  answer(flow, think(flow), usual_pause(flow));
}

/* `delay_us`: from the first piece to its lone ACK. */
static void held_request(struct flow *flow, uint32_t cut, uint32_t delay_us) {
  ask_first(flow, cut);
  acknowledge(flow, SERVER, delay_us);
  ask_second(flow, cut, between(flow, 10, 50));
  answer(flow, think(flow), usual_pause(flow));
}

static void quickly_acknowledged_request(struct flow *flow, uint32_t cut) {
  truth.quick_acks++;
  held_request(flow, cut, flow->rtt_us + between(flow, 5, 40));
}

static void client_stalls(struct flow *flow, uint32_t cut) {
  if (flow->exchanges == 0 || chance(flow, 10)) return quickly_acknowledged_request(flow, cut);
  truth.client_stalls++;
  held_request(flow, cut, between(flow, 38000, 45000));
}

static void server_stalls(struct flow *flow) {
  const int quick = flow->exchanges == 0 || chance(flow, 10);
  const uint32_t first = flow->message[SERVER].length / 4;
  ask_whole(flow);
  say(flow, SERVER, flow->rtt_us + think(flow), 0, first);
  acknowledge(flow, CLIENT, quick ? between(flow, 5, 40) : between(flow, 38000, 45000));
  rest(flow, say_answer(flow, flow->rtt_us + between(flow, 10, 50), first), usual_pause(flow));
  *(quick ? &truth.quick_acks : &truth.server_stalls) += 1;
}

static void server_thinks(struct flow *flow) {
  const uint32_t acknowledged_us = chance(flow, 50) ? between(flow, 5, 40) : between(flow, 40000, 42000);
  truth.server_thinks++;
  ask_whole(flow);
  acknowledge(flow, SERVER, flow->rtt_us + acknowledged_us);
  rest(flow, say_answer(flow, between(flow, 44000, 47000) - acknowledged_us, 0), usual_pause(flow));
}

static void nodelay_split(struct flow *flow, uint32_t cut) {
  truth.nodelay_splits++;
  ask_first(flow, cut);
  ask_second(flow, cut, between(flow, 8, 25));
  answer(flow, think(flow), usual_pause(flow));
}

/* The pause may end by chance just after the ACK: then only a small segment upon an unacknowledged one, before or after, tells. */
static void client_pauses(struct flow *flow, uint32_t cut) {
  if (flow->exchanges == flow->rtt_us % 2) return nodelay_split(flow, cut);
  const int on_ack = chance(flow, 20);
  const int late_ack = on_ack || chance(flow, 70);
  const uint32_t acknowledged_us = flow->rtt_us + (late_ack ? between(flow, 39000, 41000) : between(flow, 5, 40));
  *(on_ack ? &truth.pauses_ending_on_ack : &truth.client_pauses) += 1;
  ask_first(flow, cut);
  acknowledge(flow, SERVER, acknowledged_us);
  ask_second(flow, cut, on_ack ? between(flow, 10, 300) : between(flow, 46000, 49000) - acknowledged_us);
  answer(flow, think(flow), usual_pause(flow));
}

static void long_path(struct flow *flow, uint32_t cut) {
  truth.long_path_splits++;
  held_request(flow, cut, flow->rtt_us + between(flow, 5, 400));
}

static void client_idles(struct flow *flow) {
  truth.client_idles++;
  ask_whole(flow);
  answer(flow, think(flow), between(flow, 44000, 47000));
}

static void piece_lost(struct flow *flow, uint32_t cut) {
  if (!chance(flow, 20)) return quickly_acknowledged_request(flow, cut);
  truth.pieces_lost++;
  ask_first(flow, cut);
  const uint32_t seq = flow->script[flow->steps - 1].seq;
  struct segment *resent = add(flow, CLIENT, ACK, between(flow, 201000, 230000));
  resent->seq = seq;
  resent->length = (uint16_t)cut;
  acknowledge(flow, SERVER, flow->rtt_us + between(flow, 5, 40));
  ask_second(flow, cut, between(flow, 10, 50));
  answer(flow, think(flow), usual_pause(flow));
}

static void say_exchange(struct flow *flow) {
  struct sizes own = *sizes;
  if (flow->kind == SERVER_STALLS) own.long_answer_percent = 0; /* what is held back must be below the MSS */
  const uint32_t cut = compose_request(flow, &own);
  compose_answer(flow, &own);
  switch (flow->kind) {
    case CLIENT_STALLS: client_stalls(flow, cut); break;
    case SERVER_STALLS: server_stalls(flow); break;
    case SERVER_THINKS: server_thinks(flow); break;
    case CLIENT_PAUSES: client_pauses(flow, cut); break;
    case LONG_PATH: long_path(flow, cut); break;
    case CLIENT_IDLES: client_idles(flow); break;
    case PIECE_LOST: piece_lost(flow, cut); break;
    case NODELAY_SPLIT: nodelay_split(flow, cut); break;
    default: plain(flow);
  }
  flow->exchanges++;
  truth.exchanges++;
}
