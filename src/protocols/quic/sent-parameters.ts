/** Transport parameters as an end sent them, for people to read: nothing filled in, nothing left out (RFC 9000 section 18.2). */
import { printableBytes } from "../printable.js";
import { ByteReader } from "./byte-reader.js";
import { quicVersionName } from "./names.js";
import { readPreferredAddress } from "./transport-parameters.js";

/** `preferred_address` is its addresses; connection IDs and tokens are hexadecimal; times as sent, in milliseconds. */
export type SentParameters = Readonly<Record<string, string | number | boolean>>;

type Kind = "number" | "flag" | "bytes" | "versions" | "text" | "address";

/** IANA's registry "QUIC Transport Parameters". */
const KNOWN: ReadonlyMap<number, readonly [name: string, kind: Kind]> = new Map([
  [0x00, ["original_destination_connection_id", "bytes"]],
  [0x01, ["max_idle_timeout", "number"]],
  [0x02, ["stateless_reset_token", "bytes"]],
  [0x03, ["max_udp_payload_size", "number"]],
  [0x04, ["initial_max_data", "number"]],
  [0x05, ["initial_max_stream_data_bidi_local", "number"]],
  [0x06, ["initial_max_stream_data_bidi_remote", "number"]],
  [0x07, ["initial_max_stream_data_uni", "number"]],
  [0x08, ["initial_max_streams_bidi", "number"]],
  [0x09, ["initial_max_streams_uni", "number"]],
  [0x0a, ["ack_delay_exponent", "number"]],
  [0x0b, ["max_ack_delay", "number"]],
  [0x0c, ["disable_active_migration", "flag"]],
  [0x0d, ["preferred_address", "address"]],
  [0x0e, ["active_connection_id_limit", "number"]],
  [0x0f, ["initial_source_connection_id", "bytes"]],
  [0x10, ["retry_source_connection_id", "bytes"]],
  [0x11, ["version_information", "versions"]],
  [0x20, ["max_datagram_frame_size", "number"]],
  [0x173e, ["discard", "bytes"]],
  [0x26ab, ["google_handshake_message", "bytes"]],
  [0x2ab2, ["grease_quic_bit", "flag"]],
  [0x3127, ["initial_rtt", "number"]],
  [0x3128, ["google_connection_options", "text"]],
  [0x3129, ["user_agent", "text"]],
  [0x4752, ["google_version", "versions"]],
  // Of drafts that became RFC 9368.
  [0xff73db, ["version_information_draft", "versions"]],
]);
/** Parameters that are told; a hello has some twenty. */
const MOST = 64;
/** Of an unknown value, in hexadecimal. */
const MOST_BYTES = 64;

/** @param bytes content of the TLS extension quic_transport_parameters. What cannot be read is left out */
export function readSentParameters(bytes: Uint8Array): SentParameters {
  const reader = new ByteReader(bytes);
  const sent: Record<string, string | number | boolean> = {};
  for (let i = 0; reader.left > 0 && i < MOST; i++) {
    const id = reader.bigVarint();
    const value = reader.take(reader.varint());
    if (reader.broken) break;
    const [name, kind] = KNOWN.get(Number(id)) ?? [nameOfUnknown(id), "bytes"];
    sent[name] = shownValue(kind, value);
  }
  return sent;
}

/** Ids 31 * N + 27 stand for nothing: they are sent so that peers stay tolerant (section 18.1). */
const nameOfUnknown = (id: bigint): string =>
  id >= 27n && (id - 27n) % 31n === 0n ? "reserved" : `0x${id.toString(16)}`;

function shownValue(kind: Kind, value: Uint8Array): string | number | boolean {
  const reader = new ByteReader(value);
  if (kind === "flag") return true;
  if (kind === "text") return printableBytes(value, 0, value.length);
  if (kind === "address") {
    const { ipv4, ipv6 } = readPreferredAddress(reader);
    return [ipv4, ipv6].filter((address) => address !== undefined).join(", ");
  }
  if (kind === "number") {
    const number = reader.varint();
    if (!reader.broken) return Math.min(number, Number.MAX_SAFE_INTEGER);
  }
  if (kind === "versions") {
    const versions: string[] = [];
    while (reader.left >= 4) versions.push(quicVersionName(reader.uint32()));
    return versions.join(", ");
  }
  return Buffer.from(value.subarray(0, MOST_BYTES)).toString("hex");
}
