/*
 * Classic pcap, microseconds, Ethernet, IPv4, TCP with timestamps: one frame at a time into a large buffer.
 * The TCP checksum stays 0, as a capture at a sender with checksum offload may hold it; nobody measured here judges it.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };
enum { RECORD_HEADER = 16, ETHERNET = 14, IPV4 = 20, TCP = 20, TIMESTAMPS = 12, SYN_OPTIONS = 20 };
enum { MSS = 1460, FULL_SEGMENT = MSS - TIMESTAMPS, WINDOW = 502, WINDOW_SCALE = 7 };
enum { BUFFER = 1 << 22, LARGEST_FRAME = 2048 };
#define EPOCH_SECONDS 1700000000u

struct frame {
  uint64_t at_us; /* since the epoch of the capture */
  uint32_t source, destination; /* host byte order, as all fields here */
  uint16_t source_port, destination_port;
  uint32_t seq, ack;
  uint32_t timestamp, echo;
  uint16_t length; /* of the payload */
  uint8_t flags;
};

struct writer {
  FILE *file;
  uint8_t *buffer;
  size_t used;
  uint64_t packets, bytes;
  uint16_t identification;
};

static void put16(uint8_t *to, uint16_t value) { value = htons(value); memcpy(to, &value, 2); }
static void put32(uint8_t *to, uint32_t value) { value = htonl(value); memcpy(to, &value, 4); }

static void flush(struct writer *out) {
  if (fwrite(out->buffer, 1, out->used, out->file) != out->used) { perror("make-capture: write"); exit(1); }
  out->bytes += out->used;
  out->used = 0;
}

static void open_capture(struct writer *out, const char *path) {
  const uint32_t header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
  memset(out, 0, sizeof *out);
  out->file = fopen(path, "wb");
  out->buffer = malloc(BUFFER);
  if (!out->file || !out->buffer) { perror(path); exit(1); }
  memcpy(out->buffer, header, sizeof header);
  out->used = sizeof header;
}

static void close_capture(struct writer *out) {
  flush(out);
  if (fclose(out->file) != 0) { perror("make-capture: close"); exit(1); }
  free(out->buffer);
}

static uint16_t ipv4_checksum(const uint8_t *header) {
  uint32_t sum = 0;
  for (int at = 0; at < IPV4; at += 2) sum += (uint32_t)header[at] << 8 | header[at + 1];
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~(sum + (sum >> 16));
}

static size_t put_options(uint8_t *to, const struct frame *frame) {
  size_t at = 0;
  if (frame->flags & SYN) {
    const uint8_t fixed[] = {2, 4, MSS >> 8, MSS & 255, 4, 2}; /* MSS, SACK permitted */
    memcpy(to, fixed, sizeof fixed);
    at = sizeof fixed;
  } else {
    to[at++] = 1;
    to[at++] = 1;
  }
  to[at++] = 8; /* timestamps, RFC 7323 */
  to[at++] = 10;
  put32(to + at, frame->timestamp);
  put32(to + at + 4, frame->echo);
  at += 8;
  if (frame->flags & SYN) {
    const uint8_t scale[] = {1, 3, 3, WINDOW_SCALE};
    memcpy(to + at, scale, sizeof scale);
    at += sizeof scale;
  }
  return at;
}

/* Writes all but the payload. Returns where the payload's `length` bytes go: the caller fills them before the next call. */
static uint8_t *put_frame(struct writer *out, const struct frame *frame) {
  if (out->used + LARGEST_FRAME > BUFFER) flush(out);
  uint8_t *const record = out->buffer + out->used;
  uint8_t *const ip = record + RECORD_HEADER + ETHERNET;
  uint8_t *const tcp = ip + IPV4;
  memset(record, 0, RECORD_HEADER + ETHERNET + IPV4 + TCP);

  const size_t options = put_options(tcp + TCP, frame);
  const size_t ip_length = IPV4 + TCP + options + frame->length;
  const uint32_t captured = (uint32_t)(ETHERNET + ip_length);
  const uint32_t header[] = {EPOCH_SECONDS + (uint32_t)(frame->at_us / 1000000), (uint32_t)(frame->at_us % 1000000), captured, captured};
  memcpy(record, header, sizeof header);

  uint8_t *const ethernet = record + RECORD_HEADER;
  ethernet[0] = ethernet[6] = 2; /* locally administered */
  put32(ethernet + 2, frame->destination);
  put32(ethernet + 8, frame->source);
  put16(ethernet + 12, 0x0800);

  ip[0] = 0x45;
  put16(ip + 2, (uint16_t)ip_length);
  put16(ip + 4, out->identification++);
  put16(ip + 6, 0x4000); /* do not fragment */
  ip[8] = 64;
  ip[9] = 6;
  put32(ip + 12, frame->source);
  put32(ip + 16, frame->destination);
  put16(ip + 10, ipv4_checksum(ip));

  put16(tcp, frame->source_port);
  put16(tcp + 2, frame->destination_port);
  put32(tcp + 4, frame->seq);
  put32(tcp + 8, frame->ack);
  tcp[12] = (uint8_t)((TCP + options) / 4 << 4);
  tcp[13] = frame->flags;
  put16(tcp + 14, frame->flags & SYN ? 64240 : WINDOW);

  out->used += RECORD_HEADER + captured;
  out->packets++;
  return tcp + TCP + options;
}
