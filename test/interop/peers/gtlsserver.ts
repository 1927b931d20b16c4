import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { definePeer, quic } from "./definition.js";
import { writeSite } from "./site.js";

interface GtlsserverOptions {
  /** Probability that a datagram it received, or is about to send, is dropped: -r, -t. Not seeded. */
  readonly receiveLoss?: number;
  readonly sendLoss?: number;
  /** Ack-eliciting packets after which it acknowledges at once: --ack-thresh; its own default is 2. */
  readonly ackThreshold?: number;
  /** Writes one qlog file per connection, named after its own connection ID, into `qlog` of the work folder. */
  readonly qlog?: boolean;
  /** Asks for address validation: Retry. */
  readonly retry?: boolean;
  readonly maxStreamsBidi?: number;
  /** Idle timeout, such as `5s`; its own default is 30s. */
  readonly idleTimeout?: string;
}

/** HTTP/3 of ngtcp2 and nghttp3 over GnuTLS: 0-RTT, qlog, loss. */
export const gtlsserver = definePeer<"quic", GtlsserverOptions>({
  needs: ["gtlsserver", "openssl"],
  ports: ["quic"],
  prepare(work, options) {
    const flags = {
      "-r": options.receiveLoss,
      "-t": options.sendLoss,
      "--ack-thresh": options.ackThreshold,
      "--max-streams-bidi": options.maxStreamsBidi,
      "--timeout": options.idleTimeout,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) =>
      value === undefined ? [] : [`${flag}`, String(value)],
    );
    if (options.retry) args.push("--validate-addr");
    if (options.qlog) {
      const folder = join(work.folder, "qlog");
      mkdirSync(folder);
      args.push("--qlog-dir", folder);
    }
    const { keyFile, certFile } = work.certificate;
    const site = writeSite(work.folder, "gtlsserver");
    const place = [work.address, String(work.ports.quic), keyFile, certFile];
    return [{ program: "gtlsserver", args: ["-q", "-d", site, ...args, ...place], ready: [quic(work, "quic")] }];
  },
});
