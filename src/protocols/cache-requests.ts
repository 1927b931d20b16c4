/** What `memcached://` and `redis://` endpoints ask. A payload is stored under the key of the endpoint, never under one of ours. */
import { usageError } from "../errors.js";
import { hasControlOrSpace } from "./byte-text.js";
import type { Location } from "./location.js";
import { utf8 } from "./pieces.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import { redis } from "./redis.js";
import { decoded, type EndpointOptions, payloadOf, refuseRest } from "./request-options.js";

/** memcached KEY_MAX_LENGTH. */
const MAX_KEY_BYTES = 250;
/** Redis PROTO_INLINE_MAX_SIZE. */
const MAX_INLINE_BYTES = 64 * 1024;

/** `get KEY`; with a payload `set KEY`; without a key `version`. */
export function memcachedRequest(location: Location, options: EndpointOptions): RequestSpec {
  refuseRest(location, "query", "write %3F for a ? in the key");
  refuseRest(location, "fragment", "write %23 for a # in the key");
  const key = memcachedKey(decoded(location.path.slice(1), "memcached key"));
  const payloadBytes = payloadOf(options, 0);
  if (payloadBytes !== undefined) {
    if (key === "") throw keyMissing("memcached", payloadBytes);
    return { protocol: "memcached", command: "set", key, payloadBytes };
  }
  return key === "" ? { protocol: "memcached", command: "version" } : { protocol: "memcached", command: "get", key };
}

function memcachedKey(key: string): string {
  const bytes = utf8(key).length;
  const wrong =
    bytes > MAX_KEY_BYTES ? `has ${bytes} bytes` : hasControlOrSpace(key) ? "has a blank or a control character" : "";
  if (wrong === "") return key;
  throw usageError(
    `memcached key ${printable(key, 60)} ${wrong}; a key has at most ${MAX_KEY_BYTES} bytes, no blank and no control character`,
  );
}

/** `GET key`; with a payload `SET key value`; `?command=`: what it says, split at blanks; none of these: `PING`. */
export function redisRequest(location: Location, options: EndpointOptions): RequestSpec {
  refuseRest(location, "fragment", "write %23 for a # in the key");
  const { command, style: styleText } = redisQuery(location.query);
  const style = redisStyle(styleText, options.inline === true);
  const words = redisWords(command, decoded(location.path.slice(1), "redis key"), payloadOf(options, 0));
  const spec = { protocol: "redis", style, words } as const;
  if (style === "inline" && redis(spec).request().length > MAX_INLINE_BYTES) {
    throw usageError(
      `${printable(words.join(" "), 40)}: an inline command has at most ${MAX_INLINE_BYTES} bytes; leave out inline, or write less`,
    );
  }
  return spec;
}

function redisWords(command: string | undefined, key: string, payloadBytes: number | undefined): readonly string[] {
  if (command === undefined) {
    if (payloadBytes === undefined) return key === "" ? ["PING"] : ["GET", key];
    if (key === "") throw keyMissing("redis", payloadBytes);
    return ["SET", key, "x".repeat(payloadBytes)];
  }
  if (key !== "" || payloadBytes !== undefined) {
    throw usageError(`?command=${printable(command)} says all; it takes neither a key in the path nor --payload-size`);
  }
  const words = command.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) throw usageError("?command= is empty; write a command, such as ?command=GET%20somekey");
  const first = words[0]!.toUpperCase();
  if (first === "AUTH" || (first === "HELLO" && words.some((word) => word.toUpperCase() === "AUTH"))) {
    throw usageError("?command=AUTH is not supported yet; use an endpoint that needs no password");
  }
  return words;
}

function redisQuery(query: string | undefined): { command?: string; style?: string } {
  const values: { command?: string; style?: string } = {};
  for (const item of query?.split("&") ?? []) {
    const [name, value] = item.split(/=(.*)/s);
    if ((name !== "command" && name !== "style") || value === undefined) {
      throw usageError(
        `?${printable(item)}: a redis:// endpoint accepts ?command=GET%20somekey and ?style=resp or inline; write %3F for a ? in the key`,
      );
    }
    values[name] = decoded(value, `?${name}`);
  }
  return values;
}

function redisStyle(text: string | undefined, inline: boolean): "resp" | "inline" {
  if (text === undefined) return inline ? "inline" : "resp";
  if (text !== "resp" && text !== "inline") throw usageError(`?style=${printable(text)}: accepted are resp and inline`);
  if (inline && text === "resp")
    throw usageError("--inline and ?style=resp contradict each other; leave one of them out");
  return text;
}

function keyMissing(scheme: string, payloadBytes: number): Error {
  return usageError(`--payload-size ${payloadBytes} needs a key to store under; write ${scheme}://HOST:PORT/KEY`);
}
