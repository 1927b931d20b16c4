/** What all connections of a lane share. */
import { isIP } from "node:net";
import { protocolFor } from "../../protocols/registry.js";
import type { NativeConfig, Quiche } from "../../quic/binding.js";
import { clientConfig } from "../../quic/config.js";
import type { LaneSpec, QuicBehaviour } from "../probe.js";
import type { StreamDialect } from "./dialect.js";
import { h3Dialect } from "./h3-dialect.js";
import { streamDialect } from "./stream-dialect.js";

export interface QuicPlan {
  readonly spec: LaneSpec;
  readonly quic: QuicBehaviour;
  readonly quiche: Quiche;
  readonly config: NativeConfig;
  readonly dialect: StreamDialect;
  /** SNI; undefined: a literal address is no server name (RFC 6066 section 3). */
  readonly servername: string | undefined;
  /** Where the pieces of a request end. */
  readonly ends: readonly number[];
}

/** @throws NetlatError (exit 2) for a certificate, key or CA that cannot be used */
export function quicPlan(spec: LaneSpec, quic: QuicBehaviour, quiche: Quiche): QuicPlan {
  const { request, host } = spec.target;
  const dialect = request.protocol === "h3" ? h3Dialect(request) : streamDialect(protocolFor(request));
  const { insecure = false, ca, cert, key, servername } = spec.tls ?? {};
  const advertisedNs = quic.ackDelay?.advertisedNs ?? quic.transport.maxAckDelayNs;
  return {
    spec,
    quic,
    quiche,
    config: clientConfig(quiche, { ...quic.transport, maxAckDelayNs: advertisedNs }, quic.alpn, {
      insecure,
      ca,
      identity: cert === undefined || key === undefined ? undefined : { cert, key },
    }),
    dialect,
    servername: servername ?? (isIP(host) === 0 ? host : undefined),
    ends: [...spec.behaviour.cuts, dialect.request.length],
  };
}
