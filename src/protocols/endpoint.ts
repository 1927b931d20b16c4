/** From what a user types (an endpoint's URL and the flags about its request) to a `Target`. */
import { usageError } from "../errors.js";
import { memcachedRequest, redisRequest } from "./cache-requests.js";
import { dnsRequest } from "./dns-request.js";
import { grpcRequest } from "./grpc-request.js";
import { httpRequest } from "./http-request.js";
import { type Location, parseLocation, withoutCredentials } from "./location.js";
import type { RequestSpec, Target } from "./protocol.js";
import { alpnOf } from "./quic-alpn.js";
import { rawRequest } from "./raw-request.js";
import type { EndpointOptions } from "./request-options.js";

export type { EndpointOptions } from "./request-options.js";

interface Scheme {
  readonly transport: Target["transport"];
  /** undefined: the endpoint must name its port. */
  readonly defaultPort: number | undefined;
  /** The options that mean something here. */
  readonly options: readonly (keyof EndpointOptions)[];
  readonly request: (location: Location, options: EndpointOptions) => RequestSpec;
}

const RAW = {
  defaultPort: undefined,
  options: ["send", "sendHex", "expect", "payloadBytes"],
  request: rawRequest,
} as const;
const HTTP = {
  options: ["payloadBytes", "method", "headers", "body", "httpVersion"],
  request: httpRequest,
} as const;
/** Over TLS `--http3` leads to QUIC. */
const HTTPS = { ...HTTP, options: [...HTTP.options, "alpn"] } as const;

const GRPC = { options: ["headers", "body", "deadlineNs"], request: grpcRequest } as const;

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["tcp", { ...RAW, transport: "tcp" }],
  ["tls", { ...RAW, transport: "tls" }],
  ["memcached", { transport: "tcp", defaultPort: 11211, options: ["payloadBytes"], request: memcachedRequest }],
  ["redis", { transport: "tcp", defaultPort: 6379, options: ["payloadBytes", "inline"], request: redisRequest }],
  ["http", { ...HTTP, transport: "tcp", defaultPort: 80 }],
  ["https", { ...HTTPS, transport: "tls", defaultPort: 443 }],
  ["grpc", { ...GRPC, transport: "tcp", defaultPort: 50051 }],
  ["grpcs", { ...GRPC, transport: "tls", defaultPort: 443 }],
  ["h2c", { ...HTTP, transport: "tcp", defaultPort: 80 }],
  ["h3", { ...HTTPS, transport: "quic", defaultPort: 443 }],
  ["quic", { ...RAW, options: [...RAW.options, "alpn"], transport: "quic" }],
  ["doq", { transport: "quic", defaultPort: 853, options: ["alpn"], request: dnsRequest }],
]);

const FLAGS: Readonly<Record<keyof EndpointOptions, string>> = {
  send: "--send",
  sendHex: "--send-hex",
  expect: "--expect",
  payloadBytes: "--payload-size",
  method: "--method",
  headers: "--header",
  body: "--data",
  httpVersion: "--http1.1, --http2 or --http3",
  alpn: "--alpn",
  deadlineNs: "--deadline",
  inline: "--inline",
};

/**
 * Reads an endpoint: `tcp://host:port`, `tls://host:port`, `memcached://host[:11211][/key]`,
 * `redis://host[:6379][/key][?command=..][&style=resp|inline]`, `http://host[:80][/path]`, `https://host[:443][/path]`, `h2c://host[:80][/path]`,
 * `grpc://host[:50051][/pkg.Service/Method]`, `grpcs://host[:443][/pkg.Service/Method]`, `h3://host[:443][/path]`,
 * `quic://host:port[?alpn=name]`, `doq://host[:853][/name][?type=A]`.
 * IPv6 addresses stand in brackets.
 * @throws NetlatError (exit 2): one sentence that names the value and what is accepted
 */
export function parseEndpoint(text: string, options: EndpointOptions = {}): Target {
  const location = parseLocation(text, [...SCHEMES.keys()]);
  const scheme = SCHEMES.get(location.scheme) as Scheme;
  const port = location.port ?? scheme.defaultPort;
  if (port === undefined) {
    throw usageError(`${withoutCredentials(text)}: the port is missing; write ${location.scheme}://HOST:PORT`);
  }
  refuseUnfitting(location.scheme, scheme, options);
  const request = scheme.request(location, options);
  const place = { endpoint: text, host: location.host, port, request };
  const transport = request.protocol === "h3" ? "quic" : scheme.transport;
  if (transport === "quic") return { ...place, transport, alpn: alpnOf(location, request, options) };
  if (options.alpn === undefined) return { ...place, transport };
  throw usageError("--alpn: is for QUIC; add --http3, or write h3://");
}

function refuseUnfitting(name: string, scheme: Scheme, options: EndpointOptions): void {
  for (const option of Object.keys(FLAGS) as (keyof EndpointOptions)[]) {
    const value = options[option];
    const given = value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
    if (!given || scheme.options.includes(option)) continue;
    const fitting = [...SCHEMES].filter(([, other]) => other.options.includes(option)).map(([other]) => `${other}://`);
    throw usageError(`${FLAGS[option]} does not fit ${name}:// endpoints; it is for ${fitting.join(" and ")}`);
  }
}
