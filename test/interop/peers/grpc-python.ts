import { fileURLToPath } from "node:url";
import { definePeer, tcp } from "./definition.js";

interface GrpcPythonOptions {
  /** grpc.max_concurrent_streams; C-core's own default is 2^31 - 1, advertised as 100 or not at all. */
  readonly maxConcurrentStreams?: number;
  /** Time that a call takes at least. */
  readonly thinkMs?: number;
  /** grpc.http2.min_ping_interval_without_data_ms; 300,000 by default. */
  readonly minPingIntervalMs?: number;
  /** grpc.keepalive_permit_without_calls. */
  readonly permitWithoutCalls?: boolean;
  /** grpc.max_connection_age_ms: then it sends GOAWAY. */
  readonly maxConnectionAgeMs?: number;
  /** grpc.max_connection_idle_ms: then it sends GOAWAY. */
  readonly maxConnectionIdleMs?: number;
}

const SCRIPT = fileURLToPath(new URL("grpc-health.py", import.meta.url));

/** The health service on gRPC's C-core, in clear text and over TLS. */
export const grpcPython = definePeer<"h2c" | "tls", GrpcPythonOptions>({
  needs: ["/usr/bin/python3", "/usr/lib/python3/dist-packages/grpc/__init__.py", "openssl"],
  ports: ["h2c", "tls"],
  prepare(work, options) {
    const channel = {
      "grpc.max_concurrent_streams": options.maxConcurrentStreams,
      "grpc.http2.min_ping_interval_without_data_ms": options.minPingIntervalMs,
      "grpc.keepalive_permit_without_calls":
        options.permitWithoutCalls === undefined ? undefined : Number(options.permitWithoutCalls),
      "grpc.max_connection_age_ms": options.maxConnectionAgeMs,
      "grpc.max_connection_idle_ms": options.maxConnectionIdleMs,
    };
    const given = Object.entries(channel).flatMap(([name, n]) => (n === undefined ? [] : ["--option", `${name}=${n}`]));
    const { keyFile, certFile } = work.certificate;
    return [
      {
        program: "/usr/bin/python3",
        args: [
          ...[SCRIPT, "--clear", `${work.address}:${work.ports.h2c}`, "--tls", `${work.address}:${work.ports.tls}`],
          ...["--key", keyFile, "--cert", certFile, "--think-ms", String(options.thinkMs ?? 0), ...given],
        ],
        ready: [tcp(work, "h2c"), tcp(work, "tls")],
      },
    ];
  },
});
