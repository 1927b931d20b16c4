/*
 * The floor under every capture reader: classic pcap, Ethernet, IPv4, TCP, and a flow table that counts packets and payload bytes of
 * each direction and follows the sequence numbers. Nothing less could name a stall. Reads 1 MiB at a time, as a file that is larger
 * than memory would be read: flow-walk FILE prints what it counted as JSON.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, LARGEST_RECORD = 262144, FILE_HEADER = 24, RECORD_HEADER = 16, ETHERNET = 14 };
enum { SYN = 2, FIN = 1 };

struct direction {
  uint64_t packets, bytes;
  uint32_t next_seq, ack;
  uint32_t resent;
};

struct flow { /* two cache lines */
  uint32_t address[2];
  uint16_t port[2];
  uint32_t padding;
  struct direction direction[2];
  uint64_t last_us;
};

static struct flow *flows;
static uint32_t flow_count, flow_room;
static uint32_t *table; /* flow number + 1, 0: free */
static uint32_t table_mask;

static void *room(void *old, size_t bytes) {
  void *memory = realloc(old, bytes);
  if (!memory) { fprintf(stderr, "flow-walk: no memory\n"); exit(1); }
  return memory;
}

static uint32_t hash(uint32_t left_address, uint32_t right_address, uint16_t left_port, uint16_t right_port) {
  uint64_t h = ((uint64_t)left_address << 32 | right_address) * 0x9e3779b97f4a7c15u;
  h ^= ((uint64_t)left_port << 16 | right_port) * 0xff51afd7ed558ccdu;
  return (uint32_t)(h ^ h >> 32);
}

static void grow(void) {
  flow_room = flow_room ? flow_room * 2 : 4096;
  flows = room(flows, flow_room * sizeof *flows);
  table_mask = flow_room * 4 - 1;
  table = room(table, (table_mask + 1) * sizeof *table);
  memset(table, 0, (table_mask + 1) * sizeof *table);
  for (uint32_t number = 0; number < flow_count; number++) {
    const struct flow *flow = &flows[number];
    uint32_t slot = hash(flow->address[0], flow->address[1], flow->port[0], flow->port[1]) & table_mask;
    while (table[slot] != 0) slot = (slot + 1) & table_mask;
    table[slot] = number + 1;
  }
}

/* The ends in one order whichever way the packet goes: 0 is the lesser. */
static struct flow *find(const uint32_t address[2], const uint16_t port[2]) {
  uint32_t slot = hash(address[0], address[1], port[0], port[1]) & table_mask;
  for (; table[slot] != 0; slot = (slot + 1) & table_mask) {
    struct flow *flow = &flows[table[slot] - 1];
    if (flow->address[0] == address[0] && flow->address[1] == address[1] && flow->port[0] == port[0] && flow->port[1] == port[1]) return flow;
  }
  if (flow_count == flow_room) {
    grow();
    return find(address, port);
  }
  struct flow *flow = &flows[flow_count++];
  memset(flow, 0, sizeof *flow);
  memcpy(flow->address, address, sizeof flow->address);
  memcpy(flow->port, port, sizeof flow->port);
  table[slot] = flow_count;
  return flow;
}

static uint32_t get32(const uint8_t *at) { uint32_t value; memcpy(&value, at, 4); return __builtin_bswap32(value); }
static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

/* Returns 1 when the frame was a TCP segment. */
static int walk(const uint8_t *frame, uint32_t length, uint64_t at_us) {
  if (length < ETHERNET + 20 || get16(frame + 12) != 0x0800) return 0;
  const uint8_t *ip = frame + ETHERNET;
  const uint32_t ip_header = (ip[0] & 15u) * 4, total = get16(ip + 2);
  if (ip[9] != 6 || (get16(ip + 6) & 0x1fff) != 0 || length < ETHERNET + ip_header + 20) return 0;
  const uint8_t *tcp = ip + ip_header;
  const uint32_t tcp_header = (tcp[12] >> 4) * 4u;
  const uint32_t payload = total > ip_header + tcp_header ? total - ip_header - tcp_header : 0;
  const uint32_t source = get32(ip + 12), destination = get32(ip + 16);
  const uint16_t source_port = get16(tcp), destination_port = get16(tcp + 2);
  const int way = source > destination || (source == destination && source_port > destination_port);
  const uint32_t address[2] = {way ? destination : source, way ? source : destination};
  const uint16_t port[2] = {way ? destination_port : source_port, way ? source_port : destination_port};

  struct flow *flow = find(address, port);
  struct direction *direction = &flow->direction[way];
  const uint32_t seq = get32(tcp + 4), end = seq + payload + ((tcp[13] & (SYN | FIN)) != 0);
  if (direction->packets++ == 0) direction->next_seq = end;
  else if (payload > 0 && (int32_t)(seq - direction->next_seq) < 0) direction->resent++;
  if ((int32_t)(end - direction->next_seq) > 0) direction->next_seq = end;
  direction->bytes += payload;
  direction->ack = get32(tcp + 8);
  flow->last_us = at_us;
  return 1;
}

int main(int argc, char **argv) {
  static uint8_t buffer[CHUNK + LARGEST_RECORD + RECORD_HEADER];
  const int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (file < 0) { fprintf(stderr, "usage: flow-walk FILE\n"); return 2; }
  uint32_t magic;
  if (read(file, buffer, FILE_HEADER) != FILE_HEADER || (memcpy(&magic, buffer, 4), magic != 0xa1b2c3d4) || buffer[20] != 1) {
    fprintf(stderr, "flow-walk: not a classic Ethernet capture in this machine's byte order\n");
    return 1;
  }
  grow();
  uint64_t packets = 0, segments = 0;
  size_t held = 0;
  ssize_t got;
  while ((got = read(file, buffer + held, CHUNK)) > 0) {
    const size_t end = held + (size_t)got;
    size_t at = 0;
    for (uint32_t header[4]; at + RECORD_HEADER <= end; at += RECORD_HEADER + header[2]) {
      memcpy(header, buffer + at, sizeof header);
      if (header[2] > LARGEST_RECORD) { fprintf(stderr, "flow-walk: record of %u bytes\n", header[2]); return 1; }
      if (at + RECORD_HEADER + header[2] > end) break;
      packets++;
      segments += (uint64_t)walk(buffer + at + RECORD_HEADER, header[2], (uint64_t)header[0] * 1000000 + header[1]);
    }
    held = end - at;
    memmove(buffer, buffer + at, held);
  }
  uint64_t bytes = 0, resent = 0;
  for (uint32_t number = 0; number < flow_count; number++) {
    for (int way = 0; way < 2; way++) {
      bytes += flows[number].direction[way].bytes;
      resent += flows[number].direction[way].resent;
    }
  }
  printf("{\"packets\":%llu,\"segments\":%llu,\"flows\":%u,\"payloadBytes\":%llu,\"resent\":%llu}\n", (unsigned long long)packets,
         (unsigned long long)segments, flow_count, (unsigned long long)bytes, (unsigned long long)resent);
  return 0;
}
