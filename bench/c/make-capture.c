/*
 * Makes a capture whose stalls are known: make-capture big|small FILE SEED FLOWS LIMIT
 * big: LIMIT bytes of answers up to several segments; small: LIMIT packets of 66 to 200 bytes. All connections are open at the same
 * time, their segments interleaved as they would pass the client's network card. The same arguments give the same file.
 * Prints the truth as JSON.
 */
#include <inttypes.h>
#include "capture-scenes.h"

enum { CLIENT_NET = 10 << 24, SERVER_NET = (10 << 24) + (200 << 16), SERVERS = 12, BEFORE_GOODBYE = 4 };

static struct flow *flows;
static struct writer out;

static int earlier(uint32_t left, uint32_t right) {
  const uint64_t a = flows[left].script[flows[left].step].at_us, b = flows[right].script[flows[right].step].at_us;
  return a < b || (a == b && left < right);
}

/* The connection whose next segment is the earliest stands on top. */
static void sink(uint32_t *heap, uint32_t size, uint32_t at) {
  const uint32_t flow = heap[at];
  for (uint32_t child; (child = 2 * at + 1) < size; at = child) {
    if (child + 1 < size && earlier(heap[child + 1], heap[child])) child++;
    if (!earlier(heap[child], flow)) break;
    heap[at] = heap[child];
  }
  heap[at] = flow;
}

static enum kind kind_of(uint32_t number) {
  int place = (int)(number * 37 % 100);
  for (int kind = 0; kind < KINDS; kind++) {
    if ((place -= SHARE[kind]) < 0) return (enum kind)kind;
  }
  return PLAIN;
}

static void open_flow(struct flow *flow, uint32_t number, uint64_t seed, int small) {
  memset(flow, 0, sizeof *flow);
  flow->random = seed ^ (uint64_t)(number + 1) << 32;
  next_random(&flow->random);
  flow->kind = (uint8_t)kind_of(number);
  const uint32_t protocol = between(flow, 0, 9);
  flow->protocol = (uint8_t)(protocol < 4 ? MEMCACHED : protocol < 8 && !small ? HTTP1 : OTHER);
  flow->rtt_us = flow->kind == LONG_PATH ? between(flow, 41800, 42200) : between(flow, 80, 2000);
  flow->address[CLIENT] = (uint32_t)CLIENT_NET + 1 + number / 1000; /* each client has up to 1,000 connections */
  flow->address[SERVER] = (uint32_t)SERVER_NET + 1 + between(flow, 0, SERVERS - 1);
  flow->port[CLIENT] = (uint16_t)(20000 + number % 1000 * 7);
  flow->port[SERVER] = SERVER_PORT[flow->protocol];
  for (int side = CLIENT; side <= SERVER; side++) {
    /* Some sequence numbers pass 2^32. */
    flow->next[side] = chance(flow, 10) ? UINT32_MAX - between(flow, 0, 4000) : (uint32_t)next_random(&flow->random);
    flow->clock[side] = (uint32_t)next_random(&flow->random);
  }
  flow->now_us = between(flow, 0, 1000000);
  say_handshake(flow);
}

static void write_segment(const struct flow *flow, const struct segment *segment) {
  const int from = segment->side, to = !segment->side;
  const struct frame frame = {
      .at_us = segment->at_us, .source = flow->address[from], .destination = flow->address[to],
      .source_port = flow->port[from], .destination_port = flow->port[to], .seq = segment->seq, .ack = segment->ack,
      .timestamp = segment->timestamp, .echo = segment->echo, .length = segment->length, .flags = segment->flags,
  };
  uint8_t *payload = put_frame(&out, &frame);
  if (segment->length > 0) put_payload(payload, &flow->message[from], segment->offset, segment->length);
}

/* Returns 0 when all has been said. */
static int write_next(struct flow *flow, int enough) {
  write_segment(flow, &flow->script[flow->step]);
  if (++flow->step < flow->steps) return 1;
  if (flow->closed) return 0;
  flow->step = flow->steps = 0;
  if (enough && flow->exchanges >= BEFORE_GOODBYE) say_goodbye(flow);
  else say_exchange(flow);
  return 1;
}

static void print_truth(uint64_t seed, uint32_t flow_count, uint64_t last_us) {
  printf("{\"seed\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64 ",\"flows\":%u,\"lastUs\":%" PRIu64 ",\"exchanges\":%" PRIu64 ",",
         seed, out.bytes, out.packets, flow_count, last_us, truth.exchanges);
  printf("\"planted\":{\"nagle-delayed-ack\":%" PRIu64 ",\"rto\":%" PRIu64 "},", truth.client_stalls + truth.server_stalls, truth.pieces_lost);
  printf("\"stalls\":{\"client\":%" PRIu64 ",\"server\":%" PRIu64 "},", truth.client_stalls, truth.server_stalls);
  printf("\"decoys\":{\"serverThinks\":%" PRIu64 ",\"clientPauses\":%" PRIu64 ",\"pausesEndingOnAck\":%" PRIu64 ",\"longPathSplits\":%" PRIu64
         ",\"clientIdles\":%" PRIu64 ",\"quickAcks\":%" PRIu64 ",\"nodelaySplits\":%" PRIu64 "}}\n",
         truth.server_thinks, truth.client_pauses, truth.pauses_ending_on_ack, truth.long_path_splits, truth.client_idles,
         truth.quick_acks, truth.nodelay_splits);
}

int main(int argc, char **argv) {
  if (argc != 6 || (strcmp(argv[1], "big") != 0 && strcmp(argv[1], "small") != 0)) {
    fprintf(stderr, "usage: make-capture big|small FILE SEED FLOWS LIMIT\n");
    return 2;
  }
  const int small = strcmp(argv[1], "small") == 0;
  const uint64_t seed = strtoull(argv[3], NULL, 10), limit = strtoull(argv[5], NULL, 10);
  const uint32_t flow_count = (uint32_t)strtoul(argv[4], NULL, 10);
  sizes = small ? &SMALL : &BIG;
  flows = malloc(flow_count * sizeof *flows);
  uint32_t *heap = malloc(flow_count * sizeof *heap), size = flow_count;
  if (!flows || !heap || flow_count == 0) { fprintf(stderr, "make-capture: no memory, or no flows\n"); return 1; }
  prepare_filler();
  open_capture(&out, argv[2]);
  for (uint32_t number = 0; number < flow_count; number++) {
    open_flow(&flows[number], number, seed, small);
    heap[number] = number;
  }
  for (uint32_t at = size; at-- > 0;) sink(heap, size, at);
  uint64_t last_us = 0;
  while (size > 0) {
    struct flow *flow = &flows[heap[0]];
    last_us = flow->script[flow->step].at_us;
    const int enough = small ? out.packets >= limit : out.bytes + out.used >= limit;
    if (!write_next(flow, enough)) heap[0] = heap[--size];
    if (size > 0) sink(heap, size, 0);
  }
  close_capture(&out);
  print_truth(seed, flow_count, last_us);
  return 0;
}
