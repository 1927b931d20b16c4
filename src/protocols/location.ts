import { usageError } from "../errors.js";
import { printable } from "./printable.js";

/** The parts of `scheme://host:port/path?query#fragment`, none of them decoded. */
export interface Location {
  /** In lower case. */
  readonly scheme: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** undefined: not given. */
  readonly port: number | undefined;
  /** Empty, or from its `/` on. */
  readonly path: string;
  /** Behind the `?`; undefined: there is none. */
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/is;

/**
 * Splits an endpoint's URL by hand: WHATWG `URL` drops default ports, rewrites hosts and has no messages to speak of.
 * @param schemes those that are accepted; another one is refused before the rest of the URL is looked at
 * @throws NetlatError (exit 2) that names the endpoint, without a password in it
 */
export function parseLocation(text: string, schemes: readonly string[]): Location {
  const match = SHAPE.exec(text);
  if (match === null) {
    throw usageError(
      `${withoutCredentials(text)}: not an endpoint; write SCHEME://HOST:PORT, such as memcached://127.0.0.1:11211/somekey`,
    );
  }
  const [, written = "", authority = "", path = "", query, fragment] = match;
  const scheme = written.toLowerCase();
  if (!schemes.includes(scheme)) {
    const accepted = schemes.map((name) => `${name}://`).join(", ");
    throw usageError(`${withoutCredentials(text)}: unknown scheme ${scheme}; accepted are ${accepted} and lab:KIND`);
  }
  // A password with a / or ? in it ends the authority early: then what stands there is not a host and port.
  const cutShort = text.includes("@") && !/^(\[[^\]]*\]|[^:]+)(:\d+)?$/.test(authority);
  if (authority.includes("@") || cutShort) throw credentialsRefused(scheme, text);
  return { scheme, ...parseAuthority(authority, text), path, query, fragment };
}

function credentialsRefused(scheme: string, text: string): Error {
  const what = scheme === "redis" ? "AUTH is not supported yet" : "a user or password in the URL is not supported";
  const remedy = scheme.startsWith("http")
    ? `; write --header "Authorization: ..."`
    : "; leave out what stands before the @";
  return usageError(`${withoutCredentials(text)}: ${what}${remedy}`);
}

function parseAuthority(authority: string, text: string): { host: string; port: number | undefined } {
  const [, name = "", portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority) ?? [];
  const shown = withoutCredentials(text);
  if (name === "") {
    const several = authority.split(":").length > 2;
    throw usageError(
      several
        ? `${shown}: not a host and port; write an IPv6 address in brackets, such as [::1]:11211`
        : `${shown}: the host is missing; write SCHEME://HOST:PORT`,
    );
  }
  if (portText?.includes(":")) {
    throw usageError(`${shown}: not a host and port; write an IPv6 address in brackets, such as [::1]:11211`);
  }
  return { host: parseHost(name, shown), port: portText === undefined ? undefined : parsePort(portText, shown) };
}

function parseHost(name: string, shown: string): string {
  if (name.startsWith("[")) {
    const address = name.slice(1, -1);
    // URL knows no zone (fe80::1%eth0), the sockets do.
    if (URL.canParse(`http://[${address.replace(/%[\w.-]+$/, "")}]/`)) return address;
    throw usageError(`${shown}: [${printable(address)}] is not an IPv6 address; write one such as [::1]`);
  }
  if (/^[A-Za-z0-9_.-]+$/.test(name) && URL.canParse(`http://${name}/`)) return name;
  throw usageError(
    `${shown}: ${printable(name)} is not a host; write a name of letters, digits, - and ., an IPv4 address or [IPv6]`,
  );
}

function parsePort(text: string, shown: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= 65535) return port;
  throw usageError(`${shown}: port ${text === "" ? "(empty)" : printable(text)} is not a number from 1 to 65535`);
}

/** What may be shown of an endpoint: nothing between `//` and the last `@`, wherever a password's odd characters put it. */
export function withoutCredentials(text: string): string {
  return printable(text.replace(/^([^/]*\/\/)?.*@/s, "$1"), 300);
}
