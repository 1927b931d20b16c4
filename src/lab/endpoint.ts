/** `lab:memcached?think=5ms`: an endpoint that stands for a lab server of its own, started for the time of a probe. */
import { isIPv6 } from "node:net";
import { type LabKind, type LabOptions, parseLabKind, parseLabOptions } from "./options.js";

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
    pairs.map(([option, value]) => [option, value === "" ? "on" : value] as const),
    (option) => `lab:${kind}?${option}`,
  );
  return { kind, options };
}

/** Where a lab server is reached: the endpoint that a probe takes. TLS has its own scheme for HTTP only; the others are `tls:`. */
export function labUrl(kind: LabKind, tls: boolean, address: string, port: number): string {
  const place = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  if (kind === "http") return `${tls ? "https" : "http"}://${place}/`;
  if (tls) return `tls://${place}`;
  return kind === "echo" ? `tcp://${place}` : `${kind}://${place}/lab-key`;
}
