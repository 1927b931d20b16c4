import { http1 } from "./http1.js";
import { memcached } from "./memcached.js";
import type { Protocol, RequestSpec } from "./protocol.js";
import { raw } from "./raw.js";
import { redis } from "./redis.js";

/** The protocol that asks for `spec` and reads its answers. */
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
  }
}
