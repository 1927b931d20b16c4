import { definePeer, tcp } from "./definition.js";

interface EtcdOptions {
  /** --max-concurrent-streams; its own default is 2^32 - 1. */
  readonly maxConcurrentStreams?: number;
  /**
   * --grpc-keepalive-min-time, such as `5s` (its default): the shortest time between pings of a client beside a stream. Without a
   * stream it allows one in two hours, whatever this is (PermitWithoutStream is off, and etcd has no option for it).
   */
  readonly keepaliveMinTime?: string;
  /** --grpc-keepalive-interval: after this time without activity it pings the client; its default is 2h. */
  readonly keepaliveInterval?: string;
}

/**
 * etcd 3.4, a grpc-go server with the standard health service; `h2c` also answers HTTP/1.1 (/health, /metrics), but resets any
 * h2 request in clear text that is not gRPC.
 */
export const etcd = definePeer<"h2c" | "tls" | "peer" | "tlsPeer", EtcdOptions>({
  needs: ["etcd", "openssl"],
  ports: ["h2c", "tls", "peer", "tlsPeer"],
  prepare(work, options) {
    const settings = {
      "--max-concurrent-streams": options.maxConcurrentStreams,
      "--grpc-keepalive-min-time": options.keepaliveMinTime,
      "--grpc-keepalive-interval": options.keepaliveInterval,
    };
    const given = Object.entries(settings).flatMap(([flag, value]) =>
      value === undefined ? [] : [flag, String(value)],
    );
    const { keyFile, certFile } = work.certificate;
    // Two servers, since one cannot serve gRPC in clear text and over TLS with one set of keepalive policies on both.
    return (["h2c", "tls"] as const).map((port) => {
      const secure = port === "tls";
      const url = `${secure ? "https" : "http"}://${work.address}:${work.ports[port]}`;
      const peerUrl = `http://${work.address}:${work.ports[secure ? "tlsPeer" : "peer"]}`;
      return {
        program: "etcd",
        args: [
          ...[
            "--data-dir",
            `${work.folder}/data-${port}`,
            "--log-level",
            "error",
            "--logger",
            "zap",
            "--unsafe-no-fsync",
          ],
          ...["--listen-client-urls", url, "--advertise-client-urls", url],
          ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
          ...["--initial-cluster", `default=${peerUrl}`],
          ...(secure ? ["--cert-file", certFile, "--key-file", keyFile] : []),
          ...given,
        ],
        ready: [tcp(work, port)],
      };
    });
  },
});
