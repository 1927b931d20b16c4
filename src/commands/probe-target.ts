/** From an endpoint's URL and the flags about its request to what is asked, and how long it is. */
import { usageError } from "../errors.js";
import { negotiatedVersion } from "../probes/alpn.js";
import { framed } from "../probes/http2/h2-plan.js";
import { type EndpointOptions, parseEndpoint } from "../protocols/endpoint.js";
import type { Target } from "../protocols/protocol.js";
import { protocolFor } from "../protocols/registry.js";
import { endpointOptions, type ProbeOptions } from "./probe-options.js";
import { streamFlagOf } from "./stream-options.js";

export interface Asked {
  readonly target: Target;
  /** One request on the wire. */
  readonly bytes: number;
  /** Offsets at which a client that writes field by field would cut it. */
  readonly fields: readonly number[];
  /** Offsets between HTTP/2 frames; undefined: there are none. */
  readonly frames: readonly number[] | undefined;
}

/**
 * Of `https://` without a word about the version the server is asked which it chooses (ALPN), in a TLS handshake of its own.
 * @param labCa the lab's certificate, when the lab is the target
 * @throws NetlatError (exit 2)
 */
export async function askedOf(url: string, options: ProbeOptions, labCa: string | undefined): Promise<Asked> {
  const target = await targetOf(url, endpointOptions(options), options, labCa);
  const { request } = target;
  if (request.protocol === "h2") {
    const { bytes, fields, frames } = framed(request);
    if (options.pipeline > 1) throw usageError("--pipeline: HTTP/2 has streams instead; write --streams");
    return { target, bytes, fields, frames };
  }
  const stray = streamFlagOf(options);
  if (stray !== undefined) {
    throw usageError(
      url.toLowerCase().startsWith("https:")
        ? `${stray}: is for HTTP/2 and gRPC, and this is HTTP/1.1 (--http1.1, or the server's choice by ALPN); leave it out`
        : `${stray}: is for HTTP/2 and gRPC; ask h2c://, grpc:// or, where the server speaks it, https://`,
    );
  }
  const protocol = protocolFor(request);
  return { target, bytes: protocol.request().length, fields: protocol.fields(), frames: undefined };
}

async function targetOf(
  url: string,
  given: EndpointOptions,
  options: ProbeOptions,
  labCa: string | undefined,
): Promise<Target> {
  const target = parseEndpoint(url, given);
  if (!url.toLowerCase().startsWith("https:") || given.httpVersion !== undefined) return target;
  const { servername, insecure, ca, cert, key } = options;
  const tls = { servername, insecure: insecure === true, ca: ca ?? labCa, cert, key };
  const version = await negotiatedVersion(target, tls, options.timeout);
  return version === "2" ? parseEndpoint(url, { ...given, httpVersion: "2" }) : target;
}
