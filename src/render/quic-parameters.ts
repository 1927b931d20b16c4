/** Transport parameters of both ends, side by side (RFC 9000 section 18.2): every one that was sent. */
import type { QuicFacts } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { formatSize } from "../units/size.js";
import { whole } from "./counting.js";
import type { Factors } from "./factors.js";
import type { QuicRun } from "./quic-rows.js";
import { groupName } from "./shared-facts.js";

type Parameters = NonNullable<QuicFacts["transportParameters"]["server"]>;

export interface ParameterRow {
  readonly name: string;
  /** Empty: this end did not send it. */
  readonly server: string;
  readonly client: string;
}

/** Of the runs that agree in all but what every connection has of its own. */
export interface ParameterSet {
  /** Which runs, in words; empty: all. */
  readonly whose: string;
  readonly rows: readonly ParameterRow[];
  readonly ends: readonly ("server" | "client")[];
}

/** Drawn anew for each connection: shown of one, and no difference between runs. */
const OWN = [
  "original_destination_connection_id",
  "initial_source_connection_id",
  "retry_source_connection_id",
  "stateless_reset_token",
  "preferred_address",
  "reserved",
];

export function parameterSets(runs: readonly QuicRun[], factors: Factors): ParameterSet[] {
  const groups = new Map<string, QuicRun[]>();
  for (const one of runs) {
    const { server, client } = one.quic.transportParameters;
    if (server === null && client === null) continue;
    const key = JSON.stringify([common(server), common(client)]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const all = runs.map(({ run }) => run);
  return [...groups.values()].map((group) => {
    const { server, client } = (group[0] as QuicRun).quic.transportParameters;
    return {
      whose: groupName(
        group.map(({ run }) => run),
        all,
        factors,
      ),
      rows: rowsOf(server ?? {}, client ?? {}),
      ends: [...(server === null ? [] : (["server"] as const)), ...(client === null ? [] : (["client"] as const))],
    };
  });
}

const common = (sent: Parameters | null): [string, unknown][] | null =>
  sent === null
    ? null
    : Object.entries(sent)
        .filter(([name]) => !OWN.includes(name))
        .sort(([left], [right]) => (left < right ? -1 : 1));

function rowsOf(server: Parameters, client: Parameters): ParameterRow[] {
  const names = [...new Set([...Object.keys(server), ...Object.keys(client)])];
  return names
    .sort((left, right) => placeOf(left) - placeOf(right))
    .map((name) => ({ name, server: valueText(name, server[name]), client: valueText(name, client[name]) }));
}

/** As RFC 9000 lists them; what it does not know stands behind. */
const LISTED = [
  "max_idle_timeout",
  "max_udp_payload_size",
  "initial_max_data",
  "initial_max_stream_data_bidi_local",
  "initial_max_stream_data_bidi_remote",
  "initial_max_stream_data_uni",
  "initial_max_streams_bidi",
  "initial_max_streams_uni",
  "ack_delay_exponent",
  "max_ack_delay",
  "disable_active_migration",
  "active_connection_id_limit",
  "max_datagram_frame_size",
  "grease_quic_bit",
  "version_information",
];

function placeOf(name: string): number {
  const at = LISTED.indexOf(name);
  if (at >= 0) return at;
  return LISTED.length + (OWN.includes(name) ? 1 : 0);
}

const MILLISECONDS = ["max_idle_timeout", "max_ack_delay"];
const BYTES = /^(initial_max_data|initial_max_stream_data_.*|max_udp_payload_size|max_datagram_frame_size)$/;

function valueText(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  if (MILLISECONDS.includes(name)) return formatDuration(value * 1e6);
  // To the byte: `64.0 KiB` may be 65,527 or 65,536.
  if (BYTES.test(name)) return value % 1024 === 0 ? formatSize(value) : `${whole(value)} B`;
  return whole(value);
}
