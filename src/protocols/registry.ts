import { http1 } from "./http1.js";
import { memcached } from "./memcached.js";
import type { Protocol, RequestSpec } from "./protocol.js";
import { raw } from "./raw.js";
import { redis } from "./redis.js";

/**
 * The protocol that asks for `spec` and reads its answers, one request after the other on a connection.
 * @throws TypeError for a request that is a stream: src/protocols/h2 asks those
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
    case "h2":
      throw new TypeError("an HTTP/2 request is a stream among others, not a turn on a connection");
  }
}
