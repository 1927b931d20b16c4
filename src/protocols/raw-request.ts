/** What `tcp://`, `tls://` and `quic://` endpoints send and expect. */
import { usageError } from "../errors.js";
import { parseExpectation, parseHex, unescapeBytes } from "./byte-text.js";
import type { Location } from "./location.js";
import { filler, utf8 } from "./pieces.js";
import { printable } from "./printable.js";
import type { Expectation, RequestSpec } from "./protocol.js";
import { type EndpointOptions, payloadOf, refuseRest } from "./request-options.js";

/**
 * `--send` or `--send-hex`, expecting a line; `--payload-size N`: N bytes, expecting as many back from an echo server; neither:
 * `ping\n`, expecting a line, which an echo server gives and most line servers too. `--expect` overrides what is expected.
 * Of `quic://` each request has a stream of its own, and the answer is what comes until its end.
 */
export function rawRequest(location: Location, options: EndpointOptions): RequestSpec {
  if (location.path !== "" && location.path !== "/") {
    throw usageError(
      `${printable(location.path)}: a ${location.scheme}:// endpoint takes no path; say what to send with --send`,
    );
  }
  const overQuic = location.scheme === "quic";
  if (!overQuic) refuseRest(location, "query", "say what to send with --send");
  refuseRest(location, "fragment", "say what to send with --send");
  const payloadBytes = payloadOf(options, 1);
  refuseSeveral(options);
  const overTcp: Expectation = payloadBytes === undefined ? { until: "line" } : { until: "bytes", count: payloadBytes };
  const usual: Expectation = overQuic ? { until: "end" } : overTcp;
  const expect = options.expect === undefined ? usual : parseExpectation(options.expect, "--expect");
  return { protocol: "raw", send: bytesToSend(options, payloadBytes), expect };
}

function bytesToSend(options: EndpointOptions, payloadBytes: number | undefined): Uint8Array {
  if (options.sendHex !== undefined) return parseHex(options.sendHex, "--send-hex");
  if (payloadBytes !== undefined) return filler(payloadBytes);
  const bytes = options.send === undefined ? utf8("ping\n") : unescapeBytes(options.send, "--send");
  if (bytes.length === 0)
    throw usageError('--send "": nothing to send; write the bytes of one request, such as "ping\\n"');
  return bytes;
}

function refuseSeveral(options: EndpointOptions): void {
  const given = [
    ["--send", options.send],
    ["--send-hex", options.sendHex],
    ["--payload-size", options.payloadBytes],
  ].filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    throw usageError(`${given.map(([name]) => name).join(" and ")} each say what to send; give one of them`);
  }
}
