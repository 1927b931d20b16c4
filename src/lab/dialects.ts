import type { Dialect } from "./dialect.js";
import { echo } from "./echo.js";
import type { Floor } from "./floor.js";
import { http } from "./http.js";
import type { H2Kind, TcpKind } from "./kinds.js";
import { memcached } from "./memcached.js";
import { redis } from "./redis.js";

/** Kinds that answer one request after the other, in bytes; those of HTTP/2 are in h2/, those over QUIC in quic/. */
export type DialectKind = Exclude<TcpKind, H2Kind>;

/** What each kind of server understands and answers; a new kind is one line here and one name in LAB_KINDS. */
export const DIALECTS: { readonly [K in DialectKind]: (floor: Floor) => Dialect } = {
  memcached: ({ value }) => memcached(value),
  redis: ({ value }) => redis(value),
  http: ({ options, value }) => http(options, value),
  echo,
};
