/** `lab:memcached?think=5ms`: an endpoint that stands for a lab server of its own, started for the time of a probe. */
import { isIPv6 } from "node:net";
import { type LabKind, parseLabKind } from "./kinds.js";
import { type LabOptions, parseLabOptions } from "./options.js";

export interface LabEndpoint {
  readonly kind: LabKind;
  readonly options: LabOptions;
}

export const isLabEndpoint = (text: string): boolean => text.startsWith("lab:");

/**
 * Reads `lab:<kind>` with options as a query, `lab:redis?think=5ms&quickack=on&tls`.
 * @throws NetlatError (exit 2) that names the value and what is accepted
 */
export function parseLabEndpoint(text: string): LabEndpoint {
  const [name = "", ...query] = text.slice("lab:".length).split("?");
  const kind = parseLabKind(name, "lab:");
  const pairs = [...new URLSearchParams(query.join("?"))];
  const options = parseLabOptions(
    kind,
    pairs.map(([option, value]) => [option, value === "" ? "on" : value] as const),
    (option) => `lab:${kind}?${option}`,
  );
  return { kind, options };
}

/** Where a lab server is reached: the endpoint that a probe takes. Protocols without a scheme for TLS are `tls:`. */
export function labUrl(
  kind: LabKind,
  { tls, alpn }: Pick<LabOptions, "tls" | "alpn">,
  address: string,
  port: number,
): string {
  const place = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  switch (kind) {
    case "http":
      return `${tls ? "https" : "http"}://${place}/`;
    case "h2":
      return `https://${place}/`;
    case "h2c":
      return `h2c://${place}/`;
    case "grpc":
      return `${tls ? "grpcs" : "grpc"}://${place}/`;
    case "h3":
      return `h3://${place}/`;
    case "quic":
      return `quic://${place}?alpn=${encodeURIComponent(alpn[0] ?? "")}`;
    case "doq":
      return `doq://${place}/lab.test`;
    case "echo":
      return `${tls ? "tls" : "tcp"}://${place}`;
    default:
      return tls ? `tls://${place}` : `${kind}://${place}/lab-key`;
  }
}
