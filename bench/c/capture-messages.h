/* What clients and servers of the made capture say, as a reader that knows the protocols recognises it. */
#include "capture-flows.h"

enum protocol { MEMCACHED, HTTP1, OTHER };
static const uint16_t SERVER_PORT[] = {11211, 80, 7777};

struct sizes { uint32_t request_low, request_high, answer_low, answer_high, long_answer_percent, long_answer_high; };
static const struct sizes BIG = {80, 200, 100, 500, 7, 6 * FULL_SEGMENT};
static const struct sizes SMALL = {24, 70, 40, 134, 0, 0};

static void end_message(struct message *message, uint32_t head_length, uint32_t length, const char *tail) {
  message->head_length = (uint16_t)head_length;
  message->length = (uint16_t)(length < head_length + strlen(tail) ? head_length + strlen(tail) : length);
  message->tail = tail;
}

/* Returns the offset at which a client that writes field by field cuts the request. */
static uint32_t compose_request(struct flow *flow, const struct sizes *sizes) {
  struct message *request = &flow->message[CLIENT];
  uint32_t length = between(flow, sizes->request_low, sizes->request_high);
  int head = 0;
  if (flow->protocol == MEMCACHED) {
    if (length > 200) length = 200; /* a key has at most 250 bytes */
    head = sprintf(request->head, "get item:%08x:", between(flow, 0, UINT32_MAX - 1));
    end_message(request, (uint32_t)head, length, "\r\n");
    return 4;
  }
  if (flow->protocol == HTTP1) {
    head = sprintf(request->head, "GET /items/%08x HTTP/1.1\r\n", between(flow, 0, UINT32_MAX - 1));
    const uint32_t cut = (uint32_t)head;
    head += sprintf(request->head + head, "Host: shop.example\r\nAccept: */*\r\nX-Trace: ");
    end_message(request, (uint32_t)head, length, "\r\n\r\n");
    return cut;
  }
  memcpy(request->head, "\xbe\x01\x00\x00", 4);
  end_message(request, 4, length, "");
  return 10;
}

static int value_length(int left) { return left > 0 ? left : 1; }

static void compose_answer(struct flow *flow, const struct sizes *sizes) {
  struct message *answer = &flow->message[SERVER];
  uint32_t length = between(flow, sizes->answer_low, sizes->answer_high);
  if (chance(flow, sizes->long_answer_percent)) length = between(flow, sizes->answer_high, sizes->long_answer_high);
  int head = 0;
  if (flow->protocol == MEMCACHED) {
    const int key_length = flow->message[CLIENT].length - 6;
    char key[256];
    put_payload((uint8_t *)key, &flow->message[CLIENT], 4, (uint32_t)key_length);
    head = sprintf(answer->head, "VALUE %.*s 0 ", key_length, key);
    const int data = value_length((int)length - head - 6 - 7); /* a number and a line end; "\r\nEND\r\n" */
    head += sprintf(answer->head + head, "%d\r\n", data);
    end_message(answer, (uint32_t)head, (uint32_t)(head + data + 7), "\r\nEND\r\n");
  } else if (flow->protocol == HTTP1) {
    head = sprintf(answer->head, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ");
    const int data = value_length((int)length - head - 8);
    head += sprintf(answer->head + head, "%d\r\n\r\n", data);
    end_message(answer, (uint32_t)head, (uint32_t)(head + data), "");
  } else {
    memcpy(answer->head, "\xbe\x02\x00\x00", 4);
    end_message(answer, 4, length, "");
  }
}
