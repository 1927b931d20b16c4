import { dns } from "./dns/dns.js";
import { http1 } from "./http1.js";
import { memcached } from "./memcached.js";
import type { Protocol, RequestSpec } from "./protocol.js";
import { raw } from "./raw.js";
import { redis } from "./redis.js";

/**
 * The protocol that asks for `spec` and reads its answers, one request after the other on a connection, or on a QUIC stream each.
 * @throws TypeError for a request with frames of its own: src/protocols/h2 and h3 ask those
 */
export function protocolFor(spec: RequestSpec): Protocol {
  switch (spec.protocol) {
    case "memcached":
      return memcached(spec);
    case "redis":
      return redis(spec);
    case "http1":
      return http1(spec);
    case "raw":
      return raw(spec);
    case "dns":
      return dns(spec);
    case "h2":
    case "h3":
      throw new TypeError("a request of HTTP/2 or HTTP/3 is a stream among others, not a turn on a connection");
  }
}
