/** What makes the fields of a message malformed (RFC 9113 sections 8.1 to 8.3). */
import type { HeaderField } from "../hpack/field.js";
import { printable } from "../printable.js";
import type { HeadersKind } from "./events.js";

const REQUEST_PSEUDO = [":method", ":scheme", ":authority", ":path", ":protocol"];
const CONNECTION_FIELDS = new Set(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]);

/** @returns what is wrong, in a phrase, or undefined */
export function malformedFields(fields: readonly HeaderField[], kind: HeadersKind): string | undefined {
  const allowed = kind === "request" ? REQUEST_PSEUDO : kind === "trailers" ? [] : [":status"];
  const seen = new Set<string>();
  let inRegular = false;
  for (const { name, value } of fields) {
    if (name.charCodeAt(0) === COLON) {
      if (inRegular) return `pseudo-header ${printable(name)} behind a regular field`;
      if (!allowed.includes(name))
        return `pseudo-header ${printable(name)} in ${kind === "trailers" ? "" : "a "}${kind}`;
      if (seen.has(name)) return `pseudo-header ${name} twice`;
      seen.add(name);
    } else {
      inRegular = true;
      const wrong = malformedField(name, value);
      if (wrong !== undefined) return wrong;
    }
  }
  if (kind === "trailers") return undefined;
  return kind === "request" ? missingInRequest(fields, seen) : wrongStatus(fields);
}

const COLON = 0x3a;

function malformedField(name: string, value: string): string | undefined {
  // Names have no upper case, no controls, no blank and no colon (section 8.2.1).
  if (!/^[!-9;-@[-~]+$/.test(name)) return `field name "${printable(name)}"`;
  if (CONNECTION_FIELDS.has(name)) return `connection-specific field ${name}`;
  if (name === "te" && value !== "trailers") return `field te: ${printable(value)}; only trailers is allowed`;
  if (/[\0\r\n]/.test(value)) return `field ${printable(name)} with a line end or NUL in its value`;
  return undefined;
}

function missingInRequest(fields: readonly HeaderField[], seen: ReadonlySet<string>): string | undefined {
  if (!seen.has(":method")) return "request without :method";
  const isConnect =
    !seen.has(":protocol") && fields.some(({ name, value }) => name === ":method" && value === "CONNECT");
  if (isConnect) return seen.has(":authority") ? undefined : "CONNECT request without :authority";
  const missing = [":scheme", ":path"].find((name) => !seen.has(name));
  return missing === undefined ? undefined : `request without ${missing}`;
}

function wrongStatus(fields: readonly HeaderField[]): string | undefined {
  const status = fields.find(({ name }) => name === ":status")?.value;
  if (status === undefined) return "response without :status";
  return /^[1-9][0-9][0-9]$/.test(status) ? undefined : `:status ${printable(status)}`;
}
