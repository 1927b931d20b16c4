/** What a lab server can be told to do: one table for the flags of `netlat serve` and for the query of a `lab:` endpoint. */
import { usageError } from "../errors.js";
import { type Ns, ns, parseDuration } from "../units/duration.js";
import { formatSize, parseSize } from "../units/size.js";

export const LAB_KINDS = ["memcached", "redis", "http", "echo"] as const;
export type LabKind = (typeof LAB_KINDS)[number];

/** Plain data: it travels to the lab's process. */
export interface LabOptions {
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
  /** With the lab's own certificate. */
  readonly tls: boolean;
}

export interface LabOption<T> {
  /** As a flag without its dashes, and in the query. */
  readonly name: string;
  /** What stands for the value in the help; undefined: a flag that takes none, and `on` or `off` in the query. */
  readonly value: string | undefined;
  readonly help: string;
  readonly fallback: T;
  /** @throws NetlatError (exit 2) that starts with `label` and the text */
  parse(text: string, label: string): T;
}

/** Values above this cannot be asked for, so that a typing error cannot take the machine's memory. */
export const MAX_VALUE_BYTES = 64 * 1024 ** 2;
/** The most that a delay may be: one hour. */
const MAX_DELAY_NS = 3600e9;

export const LAB_OPTIONS: { readonly [K in keyof LabOptions]: LabOption<LabOptions[K]> } = {
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
    name: "quickack",
    value: "<on|off>",
    help: "acknowledge at once: arm TCP_QUICKACK after every read (default off; Linux)",
    fallback: false,
    parse: parseSwitch,
  },
  nagle: {
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
    name: "value-size",
    value: "<size>",
    help: "size of a value or a body (default 100)",
    fallback: 100,
    parse: parseValueSize,
  },
  tls: {
    name: "tls",
    value: undefined,
    help: "TLS with the lab's self-signed certificate",
    fallback: false,
    parse: parseSwitch,
  },
};

/** The options that were not given, filled up. */
export function labOptions(given: Partial<LabOptions> = {}): LabOptions {
  const fallbacks = Object.entries(LAB_OPTIONS).map(([key, option]) => [key, option.fallback]);
  return { ...(Object.fromEntries(fallbacks) as LabOptions), ...given };
}

/**
 * Reads options as text, from flags or from a query.
 * @param labelOf how an option is called in an error message, such as `--think`
 * @throws NetlatError (exit 2) that names the option, the value and what is accepted
 */
export function parseLabOptions(
  pairs: Iterable<readonly [string, string]>,
  labelOf: (name: string) => string,
): LabOptions {
  const parsed = new Map<string, unknown>();
  for (const [name, text] of pairs) {
    const entry = Object.entries(LAB_OPTIONS).find(([, option]) => option.name === name);
    if (entry === undefined) throw usageError(`${labelOf(name)}: the lab has no such option; it has ${optionNames()}`);
    const [key, option] = entry;
    if (parsed.has(key)) throw usageError(`${labelOf(name)}: given twice; give it once`);
    parsed.set(key, option.parse(text, labelOf(name)));
  }
  return labOptions(Object.fromEntries(parsed) as Partial<LabOptions>);
}

/**
 * @param prefix what stands before a kind where it is written, such as `lab:`
 * @throws NetlatError (exit 2)
 */
export function parseLabKind(text: string, prefix: string): LabKind {
  const kind = LAB_KINDS.find((name) => name === text);
  if (kind !== undefined) return kind;
  const accepted = LAB_KINDS.map((name) => prefix + name).join(", ");
  throw usageError(`${prefix}${text}: not a lab server; use ${accepted}`);
}

function optionNames(): string {
  return Object.values(LAB_OPTIONS)
    .map((option) => option.name)
    .join(", ");
}

function parseSwitch(text: string, label: string): boolean {
  if (text === "on") return true;
  if (text === "off") return false;
  throw usageError(`${label} ${text}: neither on nor off; use on or off`);
}

function parseWhole(text: string, label: string, least: number, most = 1e9): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${label} ${text}: use a whole number from ${least} to ${most}`);
}

function parseDelay(text: string, label: string): Ns {
  const delay = parseDuration(text, label);
  if (delay > MAX_DELAY_NS) throw usageError(`${label} ${text}: too long; use 1h at most`);
  return delay;
}

function parseSizes(text: string, label: string): readonly number[] {
  const sizes = text.split(",").map((size) => (/^\d{1,8}$/.test(size.trim()) ? Number(size) : 0));
  if (sizes.every((size) => size > 0)) return sizes;
  throw usageError(`${label} ${text}: not a list of sizes; use bytes from 1 with commas between them, such as 20,480`);
}

function parseValueSize(text: string, label: string): number {
  const bytes = parseSize(text, label);
  if (bytes <= MAX_VALUE_BYTES) return bytes;
  throw usageError(`${label} ${text}: too large; use ${formatSize(MAX_VALUE_BYTES)} at most`);
}

function parseHost(text: string, label: string): string {
  if (/^[\w.:%-]+$/.test(text)) return text;
  throw usageError(`${label} ${text}: not a host; use an address or a name, such as 127.0.0.1, ::1 or localhost`);
}
