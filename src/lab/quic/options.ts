/** What a lab server over QUIC can be told to do besides what all can. */
import { usageError } from "../../errors.js";
import { parseAlpn } from "../../protocols/quic-alpn.js";
import { CONGESTION_CONTROLS, type CongestionControl, DEFAULT_TRANSPORT } from "../../quic/settings.js";
import { formatDuration, ms, type Ns } from "../../units/duration.js";
import { QUIC_KINDS } from "../kinds.js";
import { type OptionsOf, parseDelay, parsePeriod, parseSwitch, parseWhole, parseWord } from "../option.js";

/** How acknowledgements are held back: what the server says it does at most (max_ack_delay), and what it does. */
export interface LabAckDelay {
  readonly advertisedNs: Ns;
  readonly realNs: Ns;
}

export interface QuicLabOptions {
  /** Protocols that the server takes, the one it likes best first. */
  readonly alpn: readonly string[];
  /** null: acknowledgements go out at once. */
  readonly ackDelay: LabAckDelay | null;
  /** Every client proves its address first, by a Retry. */
  readonly retry: boolean;
  readonly earlyData: boolean;
  /** After so many connections tickets get a new key, and those of before are worth nothing; null: one key for all. */
  readonly rotateTickets: number | null;
  /** Chance that a datagram is lost, both ways; `lossIn` and `lossOut` go before it. */
  readonly loss: number;
  readonly lossIn: number | null;
  readonly lossOut: number | null;
  /** Of the losses: the same seed, the same datagrams by their number. */
  readonly seed: number;
  readonly idleTimeoutNs: Ns;
  readonly congestion: CongestionControl;
}

const kinds = QUIC_KINDS;
/** RFC 9000 section 18.2: max_ack_delay of 2^14 ms and above is invalid. */
const MAX_ACK_DELAY_NS = 16_383e6;

export const QUIC_LAB_OPTIONS: OptionsOf<QuicLabOptions> = {
  alpn: {
    kinds: ["quic"],
    name: "alpn",
    value: "<names>",
    help: "protocols that quic takes, such as netlat,echo (default netlat)",
    fallback: ["netlat"],
    parse: parseAlpn,
  },
  ackDelay: {
    kinds,
    name: "ack-delay",
    value: "<duration>",
    help: "hold acknowledgements so long, such as 50ms; or what is said and what is done: 25ms/50ms (default none)",
    fallback: null,
    parse: parseAckDelay,
  },
  retry: {
    kinds,
    name: "retry",
    value: undefined,
    help: "send each client back for a proof of its address: a round trip more",
    fallback: false,
    parse: parseSwitch,
  },
  earlyData: {
    kinds,
    name: "early-data",
    value: "<on|off>",
    help: "take requests in 0-RTT (default on)",
    fallback: true,
    parse: parseSwitch,
  },
  rotateTickets: {
    kinds,
    name: "rotate-tickets",
    value: "<n>",
    help: "a new ticket key after n connections: older tickets, and their 0-RTT, are rejected",
    fallback: null,
    parse: (text, label) => parseWhole(text, label, 1),
  },
  loss: {
    kinds,
    name: "loss",
    value: "<share>",
    help: "lose so many of all QUIC datagrams, such as 0.02 or 2%",
    fallback: 0,
    parse: parseShare,
  },
  lossIn: {
    kinds,
    name: "loss-in",
    value: "<share>",
    help: "of those that come only",
    fallback: null,
    parse: parseShare,
  },
  lossOut: {
    kinds,
    name: "loss-out",
    value: "<share>",
    help: "of those that go only",
    fallback: null,
    parse: parseShare,
  },
  seed: {
    kinds,
    name: "seed",
    value: "<number>",
    help: "of the losses (default 1)",
    fallback: 1,
    parse: (text, label) => parseWhole(text, label, 0, 2 ** 31 - 1),
  },
  idleTimeoutNs: {
    kinds,
    name: "idle-timeout",
    value: "<duration>",
    help: `close a connection that is silent for so long (default ${formatDuration(DEFAULT_TRANSPORT.idleTimeoutNs)})`,
    fallback: DEFAULT_TRANSPORT.idleTimeoutNs,
    parse: parsePeriod,
  },
  congestion: {
    kinds,
    name: "congestion",
    value: "<name>",
    help: `${CONGESTION_CONTROLS.join(", ")} (default ${DEFAULT_TRANSPORT.congestion})`,
    fallback: DEFAULT_TRANSPORT.congestion,
    parse: (text, label) => parseWord(text, label, CONGESTION_CONTROLS),
  },
};

function parseAckDelay(text: string, label: string): LabAckDelay {
  const parts = text.split("/");
  if (parts.length > 2) throw usageError(`${label} ${text}: use one duration, or two as in 25ms/50ms`);
  const [first, second] = parts.map((part) => parseDelay(part, label)) as [Ns, Ns | undefined];
  const { advertisedNs, realNs } =
    second === undefined
      ? { advertisedNs: DEFAULT_TRANSPORT.maxAckDelayNs, realNs: first }
      : { advertisedNs: first, realNs: second };
  if (Math.max(advertisedNs, realNs) > MAX_ACK_DELAY_NS) {
    throw usageError(`${label} ${text}: too long; use ${MAX_ACK_DELAY_NS / 1e6}ms at most`);
  }
  // quiche takes whole milliseconds, and so do the timers that hold acknowledgements back.
  return { advertisedNs: ms(Math.round(advertisedNs / 1e6)), realNs: ms(Math.round(realNs / 1e6)) };
}

function parseShare(text: string, label: string): number {
  const [, number, percent] = /^(\d*\.?\d+)(%?)$/.exec(text) ?? [];
  const share = Number(number) / (percent === "%" ? 100 : 1);
  if (share >= 0 && share < 1) return share;
  throw usageError(`${label} ${text}: not a share; use a number from 0 to below 1, such as 0.02, or 2%`);
}
