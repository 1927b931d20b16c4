/*
 * The yardstick of the bench: the least a client can do. One blocking socket with TCP_NODELAY, one send, recv until the answer is
 * whole, CLOCK_MONOTONIC before and after; exact percentiles of all round trips, printed as JSON in nanoseconds.
 * Usage: ping-client PORT MESSAGE_BYTES WARM_UP REQUESTS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t round_trip_ns(int fd, char *message, size_t size) {
  int64_t start = now_ns();
  if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
  for (size_t got = 0; got < size;) {
    ssize_t part = recv(fd, message + got, size - got, 0);
    if (part <= 0) die("recv");
    got += part;
  }
  return now_ns() - start;
}

static int ascending(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: ping-client PORT MESSAGE_BYTES WARM_UP REQUESTS\n");
    return 2;
  }
  size_t size = strtoul(argv[2], NULL, 10);
  long warm_up = strtol(argv[3], NULL, 10), requests = strtol(argv[4], NULL, 10);
  struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  char *message = malloc(size);
  int64_t *took = malloc(requests * sizeof *took);
  if (message == NULL || took == NULL || requests < 1) die("memory");
  memset(message, 'x', size);
  for (long i = 0; i < warm_up; i++) round_trip_ns(fd, message, size);
  double sum = 0;
  for (long i = 0; i < requests; i++) sum += took[i] = round_trip_ns(fd, message, size);

  qsort(took, requests, sizeof *took, ascending);
#define PERCENTILE(p) ((long long)took[(long)((requests - 1) * (p) / 100.0)])
  printf("{\"requests\":%ld,\"p50\":%lld,\"p90\":%lld,\"p99\":%lld,\"mean\":%.0f,\"max\":%lld}\n", requests, PERCENTILE(50), PERCENTILE(90),
         PERCENTILE(99), sum / requests, (long long)took[requests - 1]);
  return 0;
}
