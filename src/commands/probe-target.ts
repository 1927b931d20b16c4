/** From an endpoint's URL and the flags about its request to what is asked, and how long it is. */
import { negotiatedVersion } from "../probes/alpn.js";
import { type EndpointOptions, parseEndpoint } from "../protocols/endpoint.js";
import type { Target } from "../protocols/protocol.js";
import { protocolFor } from "../protocols/registry.js";
import { refuseUnfitting } from "./flag-fit.js";
import { endpointOptions, type ProbeOptions, servernameOf } from "./probe-options.js";

export interface Asked {
  readonly target: Target;
  /** One request on the wire. */
  readonly bytes: number;
  /** Offsets at which a client that writes field by field would cut it. */
  readonly fields: readonly number[];
  /** Offsets between frames of HTTP/2 or HTTP/3; undefined: there are none. */
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
  refuseUnfitting(target, options);
  // Framers are loaded where they are used: they are a good part of what the program takes to start.
  if (request.protocol === "h2") {
    const { bytes, fields, frames } = (await import("../probes/http2/h2-plan.js")).framed(request);
    return { target, bytes, fields, frames };
  }
  if (request.protocol === "h3") {
    const { bytes, fields, frames } = (await import("../protocols/h3/request.js")).h3Request(request);
    return { target, bytes: bytes.length, fields, frames };
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
  const { insecure, ca, cert, key } = options;
  const tls = { servername: servernameOf(options), insecure: insecure === true, ca: ca ?? labCa, cert, key };
  const version = await negotiatedVersion(target, tls, options.timeout);
  return version === "2" ? parseEndpoint(url, { ...given, httpVersion: "2" }) : target;
}
