import { definePeer, tcp } from "./definition.js";
import { writeSite } from "./site.js";

interface NghttpdOptions {
  /** -m; its own default is 100. */
  readonly maxConcurrentStreams?: number;
  /** Initial window of a stream, as a power of two (-w); its own default is 2^16 - 1 bytes. */
  readonly windowBits?: number;
  /** Initial window of the connection, as a power of two (-W). */
  readonly connectionWindowBits?: number;
}

/** Only h2: over TLS, and in clear text with prior knowledge; two processes. A POST to any path is echoed. */
export const nghttpd = definePeer<"tls" | "h2c", NghttpdOptions>({
  needs: ["nghttpd", "openssl"],
  ports: ["tls", "h2c"],
  prepare(work, options) {
    const settings = {
      "-m": options.maxConcurrentStreams,
      "-w": options.windowBits,
      "-W": options.connectionWindowBits,
    };
    const given = Object.entries(settings).flatMap(([flag, n]) => (n === undefined ? [] : [flag, String(n)]));
    const common = ["-a", work.address, "-d", writeSite(work.folder, "nghttpd"), "--echo-upload", ...given];
    const { keyFile, certFile } = work.certificate;
    return [
      { program: "nghttpd", args: [...common, String(work.ports.tls), keyFile, certFile], ready: [tcp(work, "tls")] },
      { program: "nghttpd", args: [...common, "--no-tls", String(work.ports.h2c)], ready: [tcp(work, "h2c")] },
    ];
  },
});
