/** What each end says of itself during the handshake (RFC 9000 section 18, RFC 9221, RFC 9287, RFC 9368). */
import { ByteReader } from "./byte-reader.js";

/** Absent ones are undefined unless RFC 9000 names a default. Connection IDs and tokens are bytes of their own. */
export interface TransportParameters {
  readonly originalDestinationConnectionId: Uint8Array | undefined;
  /** 0: none. */
  readonly maxIdleTimeoutMs: number;
  readonly statelessResetToken: Uint8Array | undefined;
  readonly maxUdpPayloadBytes: number;
  readonly initialMaxDataBytes: number;
  readonly initialMaxStreamDataBidiLocalBytes: number;
  readonly initialMaxStreamDataBidiRemoteBytes: number;
  readonly initialMaxStreamDataUniBytes: number;
  readonly initialMaxStreamsBidi: number;
  readonly initialMaxStreamsUni: number;
  readonly ackDelayExponent: number;
  readonly maxAckDelayMs: number;
  readonly disableActiveMigration: boolean;
  readonly preferredAddress: PreferredAddress | undefined;
  readonly activeConnectionIdLimit: number;
  readonly initialSourceConnectionId: Uint8Array | undefined;
  readonly retrySourceConnectionId: Uint8Array | undefined;
  /** Largest DATAGRAM frame (RFC 9221); 0: none is taken. */
  readonly maxDatagramFrameBytes: number;
  /** The fixed bit of packets may be either (RFC 9287). */
  readonly greaseQuicBit: boolean;
  readonly versionInformation: { readonly chosen: number; readonly available: readonly number[] } | undefined;
  /** In the order they came; reserved ones (RFC 9000 section 18.1) are here too. */
  readonly unknown: readonly { readonly id: bigint; readonly value: Uint8Array }[];
}

export interface PreferredAddress {
  /** `1.2.3.4:443`; undefined: none of the family. */
  readonly ipv4: string | undefined;
  /** `[2001:db8::1]:443` without shortening. */
  readonly ipv6: string | undefined;
  readonly connectionId: Uint8Array;
  readonly statelessResetToken: Uint8Array;
}

/** Why parameters are refused (TRANSPORT_PARAMETER_ERROR). One sentence without a full stop. */
export interface ParameterFault {
  readonly code: "TRANSPORT_PARAMETER_ERROR";
  readonly reason: string;
}

type Numbers = {
  [K in keyof TransportParameters as TransportParameters[K] extends number ? K : never]: number;
};

/** Id, the field it sets, its least and its greatest value. */
const NUMBERS: ReadonlyMap<number, readonly [field: keyof Numbers, name: string, least: number, most: number]> =
  new Map(
    (
      [
        [0x01, "maxIdleTimeoutMs", "max_idle_timeout", 0, Infinity],
        [0x03, "maxUdpPayloadBytes", "max_udp_payload_size", 1200, Infinity],
        [0x04, "initialMaxDataBytes", "initial_max_data", 0, Infinity],
        [0x05, "initialMaxStreamDataBidiLocalBytes", "initial_max_stream_data_bidi_local", 0, Infinity],
        [0x06, "initialMaxStreamDataBidiRemoteBytes", "initial_max_stream_data_bidi_remote", 0, Infinity],
        [0x07, "initialMaxStreamDataUniBytes", "initial_max_stream_data_uni", 0, Infinity],
        [0x08, "initialMaxStreamsBidi", "initial_max_streams_bidi", 0, 2 ** 60],
        [0x09, "initialMaxStreamsUni", "initial_max_streams_uni", 0, 2 ** 60],
        [0x0a, "ackDelayExponent", "ack_delay_exponent", 0, 20],
        [0x0b, "maxAckDelayMs", "max_ack_delay", 0, 2 ** 14 - 1],
        [0x0e, "activeConnectionIdLimit", "active_connection_id_limit", 2, Infinity],
        [0x20, "maxDatagramFrameBytes", "max_datagram_frame_size", 0, Infinity],
      ] as const
    ).map(([id, ...rest]) => [id, rest]),
  );

type Bytes = "originalDestinationConnectionId" | "initialSourceConnectionId" | "retrySourceConnectionId";
const CONNECTION_IDS: ReadonlyMap<number, Bytes> = new Map([
  [0x00, "originalDestinationConnectionId"],
  [0x0f, "initialSourceConnectionId"],
  [0x10, "retrySourceConnectionId"],
]);
const STATELESS_RESET_TOKEN = 0x02;
const DISABLE_ACTIVE_MIGRATION = 0x0c;
const PREFERRED_ADDRESS = 0x0d;
const VERSION_INFORMATION = 0x11;
const GREASE_QUIC_BIT = 0x2ab2;
const MAX_CID_BYTES = 20;
const RESET_TOKEN_BYTES = 16;

export const DEFAULT_PARAMETERS: TransportParameters = Object.freeze({
  originalDestinationConnectionId: undefined,
  maxIdleTimeoutMs: 0,
  statelessResetToken: undefined,
  maxUdpPayloadBytes: 65527,
  initialMaxDataBytes: 0,
  initialMaxStreamDataBidiLocalBytes: 0,
  initialMaxStreamDataBidiRemoteBytes: 0,
  initialMaxStreamDataUniBytes: 0,
  initialMaxStreamsBidi: 0,
  initialMaxStreamsUni: 0,
  ackDelayExponent: 3,
  maxAckDelayMs: 25,
  disableActiveMigration: false,
  preferredAddress: undefined,
  activeConnectionIdLimit: 2,
  initialSourceConnectionId: undefined,
  retrySourceConnectionId: undefined,
  maxDatagramFrameBytes: 0,
  greaseQuicBit: false,
  versionInformation: undefined,
  unknown: [],
});

/** @param bytes content of the TLS extension quic_transport_parameters; not kept */
export function parseTransportParameters(bytes: Uint8Array): TransportParameters | ParameterFault {
  const reader = new ByteReader(Uint8Array.from(bytes));
  const found: { -readonly [K in keyof TransportParameters]: TransportParameters[K] } = { ...DEFAULT_PARAMETERS };
  const unknown: { id: bigint; value: Uint8Array }[] = [];
  const seen = new Set<bigint>();
  while (reader.left > 0) {
    const id = reader.bigVarint();
    const value = new ByteReader(reader.take(reader.varint()));
    if (reader.broken) return fault(`parameter 0x${id.toString(16)} is cut off`);
    if (seen.has(id)) return fault(`parameter 0x${id.toString(16)} comes twice`);
    seen.add(id);
    const wrong = readParameter(Number(id), value, found);
    if (wrong === "unknown") unknown.push({ id, value: value.rest() });
    else if (wrong !== undefined) return fault(wrong);
  }
  found.unknown = unknown;
  return found;
}

export const isParameterFault = (parsed: TransportParameters | ParameterFault): parsed is ParameterFault =>
  "reason" in parsed;

const fault = (reason: string): ParameterFault => ({ code: "TRANSPORT_PARAMETER_ERROR", reason });

type Found = { -readonly [K in keyof TransportParameters]: TransportParameters[K] };

/** @returns what is wrong with it, or `unknown`; undefined: it is in `found` */
function readParameter(id: number, value: ByteReader, found: Found): string | undefined {
  const number = NUMBERS.get(id);
  if (number !== undefined) return readNumber(number, value, found);
  const connectionId = CONNECTION_IDS.get(id);
  if (connectionId !== undefined) {
    if (value.left > MAX_CID_BYTES) return `a connection ID of ${value.left} bytes; ${MAX_CID_BYTES} are allowed`;
    found[connectionId] = value.rest();
  } else if (id === STATELESS_RESET_TOKEN) {
    if (value.left !== RESET_TOKEN_BYTES)
      return `stateless_reset_token of ${value.left} bytes; it has ${RESET_TOKEN_BYTES}`;
    found.statelessResetToken = value.rest();
  } else if (id === DISABLE_ACTIVE_MIGRATION || id === GREASE_QUIC_BIT) {
    if (value.left !== 0) return `parameter 0x${id.toString(16)} of ${value.left} bytes; it has none`;
    if (id === GREASE_QUIC_BIT) found.greaseQuicBit = true;
    else found.disableActiveMigration = true;
  } else if (id === PREFERRED_ADDRESS) {
    found.preferredAddress = readPreferredAddress(value);
    if (value.broken || value.left > 0) return "preferred_address of a wrong length";
  } else if (id === VERSION_INFORMATION) {
    found.versionInformation = versionInformation(value);
    if (value.broken) return "version_information of a wrong length";
  } else return "unknown";
  return undefined;
}

function readNumber(
  [field, name, least, most]: readonly [keyof Numbers, string, number, number],
  value: ByteReader,
  found: Found,
): string | undefined {
  const number = value.varint();
  if (value.broken || value.left > 0) return `${name} is not one integer`;
  if (number < least || number > most) {
    return `${name} ${number}; ${most === Infinity ? `at least ${least}` : `${least} to ${most}`} is allowed`;
  }
  found[field] = number;
  return undefined;
}

export function readPreferredAddress(value: ByteReader): PreferredAddress {
  const v4 = value.take(4);
  const v4Port = value.uint8() * 256 + value.uint8();
  const v6 = value.take(16);
  const v6Port = value.uint8() * 256 + value.uint8();
  const connectionId = value.take(value.uint8());
  const statelessResetToken = value.take(RESET_TOKEN_BYTES);
  const groups = Buffer.from(v6).toString("hex").match(/.{4}/g) ?? [];
  return {
    ipv4: v4Port === 0 ? undefined : `${v4.join(".")}:${v4Port}`,
    ipv6: v6Port === 0 ? undefined : `[${groups.join(":")}]:${v6Port}`,
    connectionId,
    statelessResetToken,
  };
}

function versionInformation(value: ByteReader): TransportParameters["versionInformation"] {
  const chosen = value.uint32();
  const available: number[] = [];
  while (value.left > 0) available.push(value.uint32());
  return { chosen, available };
}
