import { apache } from "./apache.js";
import { caddy } from "./caddy.js";
import type { PeerDefinition } from "./definition.js";
import { etcd } from "./etcd.js";
import { grpcPython } from "./grpc-python.js";
import { gtlsserver } from "./gtlsserver.js";
import { h2o } from "./h2o.js";
import { haproxy } from "./haproxy.js";
import { memcached } from "./memcached.js";
import { nghttpd } from "./nghttpd.js";
import { nginx } from "./nginx.js";
import { redis } from "./redis.js";

/** Every real server that tests can start. */
export const PEERS = {
  memcached,
  redis,
  nginx,
  haproxy,
  nghttpd,
  h2o,
  caddy,
  apache,
  etcd,
  "grpc-python": grpcPython,
  gtlsserver,
};

export type PeerName = keyof typeof PEERS;
type DefinitionOf<N extends PeerName> = (typeof PEERS)[N];
type PortsIn<D> = D extends PeerDefinition<infer Port, infer _Options> ? Port : never;
type OptionsIn<D> = D extends PeerDefinition<infer _Port, infer Options> ? Options : never;

/** The ports by name; for several peers those that all of them have can be read. */
export type PortsOf<N extends PeerName> = N extends PeerName
  ? Readonly<Record<PortsIn<DefinitionOf<N>>, number>>
  : never;
export type OptionsOf<N extends PeerName> = OptionsIn<DefinitionOf<N>>;

/** The web servers with h2 over TLS (`ports.tls`) and in clear text with prior knowledge (`ports.h2c`). */
export const H2_PEERS = ["nginx", "nghttpd", "h2o", "haproxy", "caddy", "apache"] as const;
