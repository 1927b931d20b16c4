/** What a lab server can be told to do: one table for the flags of `netlat serve` and for the query of a `lab:` endpoint. */
import { usageError } from "../errors.js";
import { ms, type Ns, ns } from "../units/duration.js";
import { H2_LAB_OPTIONS, type H2LabOptions } from "./h2/options.js";
import { isQuicKind, type LabKind, TCP_KINDS, WEB_KINDS } from "./kinds.js";
import { type LabOption, type OptionsOf, parseBytes, parseDelay, parseSwitch, parseWhole } from "./option.js";
import { QUIC_LAB_OPTIONS, type QuicLabOptions } from "./quic/options.js";

/** Plain data: it travels to the lab's process. */
export interface LabOptions extends H2LabOptions, QuicLabOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Delay before an answer; 0: none. */
  readonly thinkNs: Ns;
  /** Think at every Nth request of the server only; 1: at each. */
  readonly thinkEvery: number;
  /** Acknowledge at once: TCP_QUICKACK is armed anew after every read. false: as the kernel likes. */
  readonly quickack: boolean;
  /** Nagle's algorithm on the answers. */
  readonly nagle: boolean;
  /** Sizes in bytes of the first pieces of an answer, each a write of its own; the rest is the last one. Empty: one write. */
  readonly splitResponse: readonly number[];
  /** Close a connection after so many answers; null: never. */
  readonly closeAfter: number | null;
  /** Stop the whole process once for so long; 0: never. */
  readonly pauseNs: Ns;
  /** Answer so many requests, all connections together, before that stop. */
  readonly pauseAfter: number;
  /** Answer with bytes that are not the protocol. */
  readonly garbage: boolean;
  /** Close in the middle of the first answer. */
  readonly cutAnswer: boolean;
  /** Never answer. */
  readonly silent: boolean;
  readonly valueBytes: number;
  /** Delay before the answer of a page under /slow. */
  readonly slowNs: Ns;
  /** Size of a page under /big. */
  readonly bigBytes: number;
  /** With the lab's own certificate. */
  readonly tls: boolean;
}

/** Values above this cannot be asked for, so that a typing error cannot take the machine's memory. */
export const MAX_VALUE_BYTES = 64 * 1024 ** 2;
/** Bodies of `/big` are made as they go out, so that they may be larger than memory allows. */
const MAX_BIG_BYTES = 1024 ** 3;

export const LAB_OPTIONS: OptionsOf<LabOptions> = {
  host: {
    name: "host",
    value: "<address>",
    help: "address to listen on (default 127.0.0.1)",
    fallback: "127.0.0.1",
    parse: parseHost,
  },
  port: {
    name: "port",
    value: "<port>",
    help: "port to listen on (default 0: any free one)",
    fallback: 0,
    parse: (text, label) => parseWhole(text, label, 0, 65535),
  },
  thinkNs: {
    name: "think",
    value: "<duration>",
    help: "delay before each answer, such as 5ms",
    fallback: ns(0),
    parse: parseDelay,
  },
  thinkEvery: {
    name: "think-every",
    value: "<n>",
    help: "think at every nth request only",
    fallback: 1,
    parse: (text, label) => parseWhole(text, label, 1),
  },
  quickack: {
    kinds: TCP_KINDS,
    name: "quickack",
    value: "<on|off>",
    help: "acknowledge at once: arm TCP_QUICKACK after every read (default off; Linux)",
    fallback: false,
    parse: parseSwitch,
  },
  nagle: {
    kinds: TCP_KINDS,
    name: "nagle",
    value: "<on|off>",
    help: "Nagle's algorithm on the answers (default off: TCP_NODELAY)",
    fallback: false,
    parse: parseSwitch,
  },
  splitResponse: {
    name: "split-response",
    value: "<sizes>",
    help: "write each answer in pieces of these bytes and the rest, such as 20,480",
    fallback: [],
    parse: parseSizes,
  },
  closeAfter: {
    name: "close-after",
    value: "<n>",
    help: "close a connection after n answers",
    fallback: null,
    parse: (text, label) => parseWhole(text, label, 1),
  },
  pauseNs: {
    name: "pause",
    value: "<duration>",
    help: "stop the whole server once for this long",
    fallback: ns(0),
    parse: parseDelay,
  },
  pauseAfter: {
    name: "pause-after",
    value: "<n>",
    help: "requests to answer before that stop (default 1000)",
    fallback: 1000,
    parse: (text, label) => parseWhole(text, label, 0),
  },
  garbage: {
    name: "garbage",
    value: undefined,
    help: "answer with bytes that are not the protocol",
    fallback: false,
    parse: parseSwitch,
  },
  cutAnswer: {
    name: "cut-answer",
    value: undefined,
    help: "close in the middle of an answer",
    fallback: false,
    parse: parseSwitch,
  },
  silent: { name: "silent", value: undefined, help: "never answer", fallback: false, parse: parseSwitch },
  valueBytes: {
    kinds: ["memcached", "redis", ...WEB_KINDS],
    name: "value-size",
    value: "<size>",
    help: "size of a value or a body (default 100)",
    fallback: 100,
    parse: (text, label) => parseBytes(text, label, 0, MAX_VALUE_BYTES),
  },
  slowNs: {
    kinds: WEB_KINDS,
    name: "slow",
    value: "<duration>",
    help: "delay of /slow on web servers (default 100ms)",
    fallback: ms(100),
    parse: parseDelay,
  },
  bigBytes: {
    kinds: WEB_KINDS,
    name: "big-size",
    value: "<size>",
    help: "size of /big on web servers (default 10MiB)",
    fallback: 10 * 1024 ** 2,
    parse: (text, label) => parseBytes(text, label, 0, MAX_BIG_BYTES),
  },
  tls: {
    kinds: ["memcached", "redis", "http", "echo", "grpc"],
    name: "tls",
    value: undefined,
    help: "TLS with the lab's self-signed certificate",
    fallback: false,
    parse: parseSwitch,
  },
  ...H2_LAB_OPTIONS,
  ...QUIC_LAB_OPTIONS,
};

/** The options that were not given, filled up. */
export function labOptions(given: Partial<LabOptions> = {}): LabOptions {
  const fallbacks = Object.entries(LAB_OPTIONS).map(([key, option]) => [key, option.fallback]);
  return { ...(Object.fromEntries(fallbacks) as LabOptions), ...given };
}

/**
 * Reads options as text, from flags or from a query.
 * @param kind the server that they are for
 * @param labelOf how an option is called in an error message, such as `--think`
 * @throws NetlatError (exit 2) that names the option, the value and what is accepted
 */
export function parseLabOptions(
  kind: LabKind,
  pairs: Iterable<readonly [string, string]>,
  labelOf: (name: string) => string,
): LabOptions {
  const parsed = new Map<string, unknown>();
  for (const [name, text] of pairs) {
    const entry = Object.entries(LAB_OPTIONS).find(([, option]) => option.name === name);
    if (entry === undefined)
      throw usageError(`${labelOf(name)}: the lab has no such option; ${kind} has ${optionNames(kind)}`);
    const [key, option] = entry;
    if (parsed.has(key)) throw usageError(`${labelOf(name)}: given twice; give it once`);
    refuseUnfitting(kind, option, labelOf(name));
    parsed.set(key, option.parse(text, labelOf(name)));
  }
  return labOptions(Object.fromEntries(parsed) as Partial<LabOptions>);
}

function refuseUnfitting(kind: LabKind, { name, kinds }: LabOption<unknown>, label: string): void {
  if (kinds === undefined || kinds.includes(kind)) return;
  if (name === "tls" && kind === "h2") throw usageError(`${label}: h2 is HTTP/2 over TLS already; leave it out`);
  if (name === "tls" && isQuicKind(kind)) throw usageError(`${label}: QUIC has TLS inside; leave it out`);
  if (name === "tls") throw usageError(`${label}: ${kind} is HTTP/2 in clear text; use h2 for HTTP/2 over TLS`);
  if (kinds === TCP_KINDS) throw usageError(`${label}: is TCP's, and ${kind} travels over QUIC; leave it out`);
  throw usageError(`${label}: does not fit ${kind}; it is for ${kinds.join(", ")}`);
}

function optionNames(kind: LabKind): string {
  return Object.values(LAB_OPTIONS as Readonly<Record<string, LabOption<unknown>>>)
    .filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
    .map((option) => option.name)
    .join(", ");
}

function parseSizes(text: string, label: string): readonly number[] {
  const sizes = text.split(",").map((size) => (/^\d{1,8}$/.test(size.trim()) ? Number(size) : 0));
  if (sizes.every((size) => size > 0)) return sizes;
  throw usageError(`${label} ${text}: not a list of sizes; use bytes from 1 with commas between them, such as 20,480`);
}

function parseHost(text: string, label: string): string {
  if (/^[\w.:%-]+$/.test(text)) return text;
  throw usageError(`${label} ${text}: not a host; use an address or a name, such as 127.0.0.1, ::1 or localhost`);
}
