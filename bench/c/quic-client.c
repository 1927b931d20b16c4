/*
 * The yardstick of the QUIC bench: the least an HTTP/3 client on ngtcp2 and GnuTLS can do, the libraries of gtlsclient, whose own clock
 * ticks in milliseconds and which asks for all it may at once. One connected socket, blocking; CLOCK_MONOTONIC; percentiles as JSON in
 * nanoseconds. No certificate is checked, as by gtlsclient.
 * Usage: quic-client PORT handshake COUNT          connections one after the other, first Initial until the handshake is complete
 *        quic-client PORT PATH WARM_UP REQUESTS    requests one after the other on one connection, until the end of each answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVER "localhost"
/* Without compatibility mode: QUIC wants an empty session ID (RFC 9001 section 8.4). */
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE"
#define PATIENCE_MS 10000

struct connection {
  int fd;
  struct sockaddr_in local, remote;
  ngtcp2_path path;
  ngtcp2_conn *quic;
  gnutls_session_t tls;
  ngtcp2_crypto_conn_ref ref;
  int64_t shaken_ns;
  /* Of the request that runs. */
  int64_t stream, answered_ns;
  uint64_t got;
};

static gnutls_certificate_credentials_t credentials;
static uint64_t answer_bytes;

static void die(const char *what, const char *why) {
  fprintf(stderr, "quic-client: %s: %s\n", what, why);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fill_random(uint8_t *bytes, size_t length, const ngtcp2_rand_ctx *context) {
  (void)context;
  gnutls_rnd(GNUTLS_RND_NONCE, bytes, length);
}

static int new_connection_id(ngtcp2_conn *quic, ngtcp2_cid *id, uint8_t *token, size_t length, void *data) {
  (void)quic, (void)data;
  id->datalen = length;
  fill_random(id->data, length, NULL);
  fill_random(token, NGTCP2_STATELESS_RESET_TOKENLEN, NULL);
  return 0;
}

static int on_handshake(ngtcp2_conn *quic, void *data) {
  (void)quic;
  ((struct connection *)data)->shaken_ns = now_ns();
  return 0;
}

/* A HEADERS frame whose field section begins with :status 200 of QPACK's static table (RFC 9204 appendix A, entry 25). */
static int says_200(const uint8_t *bytes, size_t length) {
  if (length < 5 || bytes[0] != 1) return 0;
  const size_t section = 1 + ((size_t)1 << (bytes[1] >> 6));
  return section + 2 < length && bytes[section + 2] == (0xc0 | 25);
}

static int on_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t stream, uint64_t offset, const uint8_t *bytes, size_t length,
                          void *data, void *stream_data) {
  struct connection *c = data;
  (void)stream_data;
  ngtcp2_conn_extend_max_stream_offset(quic, stream, length);
  ngtcp2_conn_extend_max_offset(quic, length);
  if (stream != c->stream) return 0;
  if (offset == 0 && !says_200(bytes, length)) die("answer", "not a 200");
  c->got += length;
  if (flags & NGTCP2_STREAM_DATA_FLAG_FIN) c->answered_ns = now_ns();
  return 0;
}

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref) { return ((struct connection *)ref->user_data)->quic; }

static const ngtcp2_callbacks CALLBACKS = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = on_handshake,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = on_stream_data,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .rand = fill_random,
    .get_new_connection_id = new_connection_id,
    .update_key = ngtcp2_crypto_update_key_cb,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

static void open_socket(struct connection *c, int port) {
  socklen_t length = sizeof c->local;
  const int receive_bytes = 8 << 20;
  c->remote = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  c->fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&c->remote, sizeof c->remote) < 0) die("socket", strerror(errno));
  setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  getsockname(c->fd, (struct sockaddr *)&c->local, &length);
  c->path = (ngtcp2_path){.local = {(ngtcp2_sockaddr *)&c->local, sizeof c->local},
                          .remote = {(ngtcp2_sockaddr *)&c->remote, sizeof c->remote}};
}

static void open_tls(struct connection *c) {
  const gnutls_datum_t alpn = {(unsigned char *)"h3", 2};
  c->ref = (ngtcp2_crypto_conn_ref){conn_of, c};
  gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_ENABLE_EARLY_DATA | GNUTLS_NO_END_OF_EARLY_DATA);
  gnutls_priority_set_direct(c->tls, PRIORITY, NULL);
  ngtcp2_crypto_gnutls_configure_client_session(c->tls);
  gnutls_session_set_ptr(c->tls, &c->ref);
  gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_alpn_set_protocols(c->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY);
  gnutls_server_name_set(c->tls, GNUTLS_NAME_DNS, SERVER, strlen(SERVER));
}

/* The windows are those of netlat. */
static void open_quic(struct connection *c) {
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid source, destination;
  uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN];
  ngtcp2_settings_default(&settings);
  settings.initial_ts = now_ns();
  ngtcp2_transport_params_default(&params);
  params.initial_max_data = 16 << 20;
  params.initial_max_stream_data_bidi_local = params.initial_max_stream_data_uni = 4 << 20;
  params.initial_max_streams_uni = 100;
  params.max_idle_timeout = 30 * NGTCP2_SECONDS;
  new_connection_id(NULL, &source, token, 16, NULL);
  new_connection_id(NULL, &destination, token, 16, NULL);
  if (ngtcp2_conn_client_new(&c->quic, &destination, &source, &c->path, NGTCP2_PROTO_VER_V1, &CALLBACKS, &settings, &params, NULL, c))
    die("ngtcp2_conn_client_new", "refused");
  ngtcp2_conn_set_tls_native_handle(c->quic, c->tls);
}

/* Puts a piece of a stream on the wire, and all else there is to send; stream -1: only the latter. */
static void transmit(struct connection *c, int64_t stream, const uint8_t *bytes, size_t length, int end) {
  uint8_t packet[1500];
  for (;;) {
    ngtcp2_vec piece = {(uint8_t *)bytes, length};
    ngtcp2_ssize taken = -1;
    const uint32_t flags = end ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0;
    const ngtcp2_ssize size = ngtcp2_conn_writev_stream(c->quic, NULL, NULL, packet, sizeof packet, &taken, flags, stream, &piece,
                                                        stream >= 0, now_ns());
    if (size < 0) die("ngtcp2_conn_writev_stream", ngtcp2_strerror(size));
    if (taken >= 0) stream = -1;
    if (size == 0) break;
    if (send(c->fd, packet, size, 0) < 0) die("send", strerror(errno));
  }
}

/* Waits for datagrams, or for ngtcp2's timer, and does what they ask for. `until`: stop before anything is sent once it is set. */
static void turn(struct connection *c, const int64_t *until, int64_t give_up_ns) {
  uint8_t packet[65536];
  const int64_t now = now_ns();
  const uint64_t expiry = ngtcp2_conn_get_expiry(c->quic);
  if (now > give_up_ns) die("server", "no answer");
  int64_t wait = expiry > (uint64_t)give_up_ns ? give_up_ns - now : (int64_t)expiry - now;
  if (wait < 0) wait = 0;
  const struct timespec timeout = {wait / 1000000000, wait % 1000000000};
  struct pollfd ready = {c->fd, POLLIN, 0};
  if (ppoll(&ready, 1, &timeout, NULL) > 0) {
    ssize_t size;
    while ((size = recv(c->fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
      const int error = ngtcp2_conn_read_pkt(c->quic, &c->path, NULL, packet, size, now_ns());
      if (error) die("ngtcp2_conn_read_pkt", ngtcp2_strerror(error));
    }
  }
  if (ngtcp2_conn_get_expiry(c->quic) <= (uint64_t)now_ns()) {
    const int error = ngtcp2_conn_handle_expiry(c->quic, now_ns());
    if (error) die("ngtcp2_conn_handle_expiry", ngtcp2_strerror(error));
  }
  if (*until == 0) transmit(c, -1, NULL, 0, 0);
}

/* @returns first Initial until the handshake is complete */
static int64_t begin(struct connection *c, int port) {
  memset(c, 0, sizeof *c);
  c->stream = -1;
  open_socket(c, port);
  open_tls(c);
  open_quic(c);
  const int64_t start = now_ns();
  transmit(c, -1, NULL, 0, 0);
  while (c->shaken_ns == 0) turn(c, &c->shaken_ns, start + PATIENCE_MS * 1000000LL);
  transmit(c, -1, NULL, 0, 0);
  return c->shaken_ns - start;
}

static void finish(struct connection *c) {
  uint8_t packet[1500];
  ngtcp2_connection_close_error error;
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_application_error(&error, 0x100, NULL, 0);
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(c->quic, NULL, NULL, packet, sizeof packet, &error, now_ns());
  if (size > 0 && send(c->fd, packet, size, 0) < 0) die("send", strerror(errno));
  ngtcp2_conn_del(c->quic);
  gnutls_deinit(c->tls);
  close(c->fd);
}

/* The HEADERS frame of GET `path`, with entries and names of QPACK's static table only. @returns its length */
static size_t request_for(const char *path, uint8_t *frame) {
  const size_t length = strlen(path);
  uint8_t section[160] = {0, 0, 0xc0 | 17, 0xc0 | 23, 0x50, sizeof SERVER - 1};
  if (length > 40) die(path, "too long");
  memcpy(section + 6, SERVER, sizeof SERVER - 1);
  size_t at = 6 + sizeof SERVER - 1;
  section[at++] = 0x51;
  section[at++] = length;
  memcpy(section + at, path, length);
  at += length;
  frame[0] = 1;
  frame[1] = at;
  memcpy(frame + 2, section, at);
  return at + 2;
}

static int64_t round_trip_ns(struct connection *c, const uint8_t *request, size_t length) {
  const int64_t start = now_ns();
  c->answered_ns = 0;
  c->got = 0;
  if (ngtcp2_conn_open_bidi_stream(c->quic, &c->stream, NULL)) die("stream", "none left");
  transmit(c, c->stream, request, length, 1);
  while (c->answered_ns == 0) turn(c, &c->answered_ns, start + PATIENCE_MS * 1000000LL);
  answer_bytes += c->got;
  return c->answered_ns - start;
}

static int ascending(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void print(int64_t *took, long count, double seconds) {
  qsort(took, count, sizeof *took, ascending);
#define PERCENTILE(p) ((long long)took[(long)((count - 1) * (p) / 100.0)])
  printf("{\"count\":%ld,\"p50\":%lld,\"p99\":%lld,\"max\":%lld,\"seconds\":%.6f,\"answerBytes\":%llu}\n", count, PERCENTILE(50),
         PERCENTILE(99), (long long)took[count - 1], seconds, (unsigned long long)answer_bytes);
}

static void handshakes(int port, int64_t *took, long count) {
  const int64_t start = now_ns();
  for (long i = 0; i < count; i++) {
    struct connection c;
    took[i] = begin(&c, port);
    finish(&c);
  }
  print(took, count, (now_ns() - start) / 1e9);
}

static void requests(int port, const char *path, long warm_up, int64_t *took, long count) {
  static const uint8_t CONTROL[] = {0, 4, 0};
  struct connection c;
  uint8_t request[162];
  const size_t length = request_for(path, request);
  int64_t control;
  begin(&c, port);
  while (ngtcp2_conn_open_uni_stream(c.quic, &control, NULL)) turn(&c, &c.answered_ns, now_ns() + PATIENCE_MS * 1000000LL);
  transmit(&c, control, CONTROL, sizeof CONTROL, 0);
  for (long i = 0; i < warm_up; i++) round_trip_ns(&c, request, length);
  answer_bytes = 0;
  const int64_t start = now_ns();
  for (long i = 0; i < count; i++) took[i] = round_trip_ns(&c, request, length);
  print(took, count, (now_ns() - start) / 1e9);
  finish(&c);
}

int main(int argc, char **argv) {
  const int shakes = argc == 4 && strcmp(argv[2], "handshake") == 0;
  if (!shakes && argc != 5) {
    fprintf(stderr, "usage: quic-client PORT handshake COUNT | PORT PATH WARM_UP REQUESTS\n");
    return 2;
  }
  const long count = strtol(argv[argc - 1], NULL, 10);
  int64_t *took = count < 1 ? NULL : malloc(count * sizeof *took);
  if (took == NULL) die("COUNT", "too small or too large");
  gnutls_certificate_allocate_credentials(&credentials);
  if (shakes) handshakes(atoi(argv[1]), took, count);
  else requests(atoi(argv[1]), argv[2], strtol(argv[3], NULL, 10), took, count);
  return 0;
}
