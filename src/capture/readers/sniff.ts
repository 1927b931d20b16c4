/** Which protocol a flow speaks, from the first bytes of its client, else from the server's port. */
import { PROTOCOLS } from "../flows/flow-view.js";

const number = (name: (typeof PROTOCOLS)[number]): number => PROTOCOLS.indexOf(name);

const BY_PORT: ReadonlyMap<number, number> = new Map([
  [11211, number("memcached")],
  [6379, number("redis")],
  [80, number("http1")],
  [443, number("tls")],
]);

const BY_START: readonly (readonly [start: string, protocol: number])[] = [
  ["PRI * HTTP/2.0", number("h2")],
  ...["GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "OPTIONS ", "PATCH /", "CONNECT "].map(
    (start) => [start, number("http1")] as const,
  ),
  ...["get ", "gets ", "set ", "add ", "replace ", "delete ", "incr ", "decr ", "touch ", "version\r", "stats"].map(
    (start) => [start, number("memcached")] as const,
  ),
];

const TLS_HANDSHAKE = 22;
const LONGEST = 16;

/**
 * @param bytes the client's first payload is `bytes[start, start + length)`
 * @returns index into PROTOCOLS; 0: unknown
 */
export function sniff(bytes: Uint8Array, start: number, length: number, serverPort: number): number {
  if (length >= 3 && bytes[start] === TLS_HANDSHAKE && bytes[start + 1] === 3) return number("tls");
  if (length >= 4 && bytes[start] === 0x2a && isDigit(bytes[start + 1] as number)) return number("redis");
  let text = "";
  for (let i = start; i < start + Math.min(length, LONGEST); i++) text += String.fromCharCode(bytes[i] as number);
  // A careless client's first piece may be shorter than the word it begins.
  const found = BY_START.find(([word]) =>
    text.length >= word.length ? text.startsWith(word) : text.length >= 3 && word.startsWith(text),
  );
  if (found !== undefined) return found[1];
  // Cut off by the snap length, or text of a kind that is not in the list: the port is the better guess.
  return isText(text) ? (BY_PORT.get(serverPort) ?? 0) : 0;
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isText = (text: string): boolean => /^[\x20-\x7e\r\n\t]*$/.test(text);
