/** The settings of one side of a connection (RFC 9114 section 7.2.4). */
import { ByteReader } from "../quic/byte-reader.js";
import { connectionFault, type H3Fault } from "./fault.js";
import { H2_ONLY_SETTINGS, h3SettingName, SETTING } from "./names.js";

export interface H3Settings {
  readonly qpackMaxTableCapacityBytes: number;
  /** Infinity where the side set no limit. */
  readonly maxFieldSectionBytes: number;
  readonly qpackBlockedStreams: number;
  readonly enableConnectProtocol: boolean;
  readonly h3Datagram: boolean;
}

export interface H3SettingEntry {
  readonly id: number;
  /** Such as `MAX_FIELD_SECTION_SIZE`, `reserved` or `0x1f`. */
  readonly name: string;
  readonly value: number;
}

/** Identifiers that are kept; more are read and dropped. */
const MOST_ENTRIES = 64;

/** Reads the payload of a SETTINGS frame. Identifiers that are unknown are kept and mean nothing. */
export function parseSettings(
  payload: Uint8Array,
): { readonly settings: H3Settings; readonly entries: readonly H3SettingEntry[] } | H3Fault {
  const reader = new ByteReader(payload);
  const entries: H3SettingEntry[] = [];
  const values = new Map<number, number>();
  while (reader.left > 0) {
    const id = reader.varint();
    const value = reader.varint();
    if (reader.broken) return connectionFault("H3_FRAME_ERROR", "a SETTINGS frame that ends inside a setting");
    const name = h3SettingName(id);
    if (H2_ONLY_SETTINGS.includes(id)) return fault(`setting ${name}, which is HTTP/2's`);
    if (values.has(id)) return fault(`setting ${name} twice`);
    const isFlag = id === SETTING.ENABLE_CONNECT_PROTOCOL || id === SETTING.H3_DATAGRAM;
    if (isFlag && value > 1) return fault(`setting ${name} ${value}; allowed is 0 or 1`);
    values.set(id, value);
    if (entries.length < MOST_ENTRIES) entries.push({ id, name, value });
  }
  return { settings: settingsOf(values), entries };
}

const fault = (reason: string): H3Fault => connectionFault("H3_SETTINGS_ERROR", reason);

/** Where a side says nothing, the defaults of the RFCs hold. */
function settingsOf(values: ReadonlyMap<number, number>): H3Settings {
  return {
    qpackMaxTableCapacityBytes: values.get(SETTING.QPACK_MAX_TABLE_CAPACITY) ?? 0,
    maxFieldSectionBytes: values.get(SETTING.MAX_FIELD_SECTION_SIZE) ?? Number.POSITIVE_INFINITY,
    qpackBlockedStreams: values.get(SETTING.QPACK_BLOCKED_STREAMS) ?? 0,
    enableConnectProtocol: values.get(SETTING.ENABLE_CONNECT_PROTOCOL) === 1,
    h3Datagram: values.get(SETTING.H3_DATAGRAM) === 1,
  };
}

/** What a SETTINGS frame carries: those of `chosen` that are finite. */
export function settingEntries(chosen: Partial<H3Settings>): [id: number, value: number][] {
  const all: [number, number | boolean | undefined][] = [
    [SETTING.QPACK_MAX_TABLE_CAPACITY, chosen.qpackMaxTableCapacityBytes],
    [SETTING.MAX_FIELD_SECTION_SIZE, chosen.maxFieldSectionBytes],
    [SETTING.QPACK_BLOCKED_STREAMS, chosen.qpackBlockedStreams],
    [SETTING.ENABLE_CONNECT_PROTOCOL, chosen.enableConnectProtocol],
    [SETTING.H3_DATAGRAM, chosen.h3Datagram],
  ];
  return all.flatMap(([id, value]) =>
    value === undefined || value === Number.POSITIVE_INFINITY ? [] : [[id, Number(value)]],
  );
}
