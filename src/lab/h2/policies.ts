/** Which policies a server has: grpc-go's defaults for gRPC, none for the others unless they are asked for. */
import type { H2Kind } from "../kinds.js";
import { ConnectionLifetime } from "./lifetime.js";
import type { H2LabOptions } from "./options.js";
import { PingEnforcement } from "./ping-enforcement.js";

/** grpc-go's internal/transport/defaults.go; what is not here is unlimited there too. */
const GRPC_KEEPALIVE_TIME_NS = 2 * 3600e9;
const GRPC_MIN_TIME_NS = 5 * 60e9;

export function lifetimeOf(kind: H2Kind, options: H2LabOptions, nowNs: number): ConnectionLifetime {
  const keepaliveTimeNs = options.keepaliveTimeNs ?? (kind === "grpc" ? GRPC_KEEPALIVE_TIME_NS : null);
  return new ConnectionLifetime({ ...options, keepaliveTimeNs }, nowNs);
}

/** undefined: a client may ping as it likes. */
export function enforcementOf(kind: H2Kind, options: H2LabOptions): PingEnforcement | undefined {
  const minTimeNs = options.enforcementMinTimeNs ?? (kind === "grpc" ? GRPC_MIN_TIME_NS : null);
  return minTimeNs === null ? undefined : new PingEnforcement(minTimeNs, options.permitWithoutStream);
}
