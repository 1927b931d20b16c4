/** What `doq://` endpoints ask (RFC 9250). */
import { usageError } from "../errors.js";
import { encodeName } from "./dns/name.js";
import { TYPES, typeNumber } from "./dns/types.js";
import type { Location } from "./location.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import { decoded, type EndpointOptions, refuseRest } from "./request-options.js";

/** `/name?type=AAAA`, of a name alone `A`; without a name the root's name servers, which every resolver knows. */
export function dnsRequest(location: Location, _options: EndpointOptions): RequestSpec {
  refuseRest(location, "fragment", "leave it out");
  const name = dnsName(decoded(location.path.slice(1), "name"));
  return { protocol: "dns", name, type: typeOf(location.query, name) };
}

function dnsName(text: string): string {
  if (text === "" || text === ".") return ".";
  if (encodeName(text) !== undefined) return text.replace(/\.$/, "");
  throw usageError(
    `name ${printable(text, 80)}: not a domain name; write labels of at most 63 printable ASCII characters with dots between, such as example.com (other scripts as xn--...)`,
  );
}

function typeOf(query: string | undefined, name: string): string {
  const pairs = [...new URLSearchParams(query ?? "")];
  const [key, given = ""] = pairs[0] ?? [];
  if (key === undefined) return name === "." ? "NS" : "A";
  if (pairs.length > 1 || key !== "type") {
    throw usageError(`?${printable(query as string)}: a doq:// endpoint takes ?type=TYPE alone`);
  }
  if (typeNumber(given) !== undefined) return given.toUpperCase();
  throw usageError(
    `?type=${printable(given)}: not a type of DNS records; write ${Object.keys(TYPES).slice(0, -1).join(", ")} or TYPE with its number, such as TYPE65280`,
  );
}
