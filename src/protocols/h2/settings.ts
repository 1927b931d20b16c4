/** The settings of one side of a connection (RFC 9113 section 6.5, RFC 8441 section 3, RFC 9218 section 2.1). */
import { connectionFault, type H2Fault } from "./fault.js";
import type { SettingEntry } from "./frame-payloads.js";
import {
  DEFAULT_WINDOW_BYTES,
  MAX_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_BYTES,
  SETTING,
  type SettingName,
} from "./names.js";

export interface Settings {
  readonly headerTableBytes: number;
  readonly enablePush: boolean;
  /** Infinity where the side set no limit. */
  readonly maxConcurrentStreams: number;
  readonly initialWindowBytes: number;
  readonly maxFrameBytes: number;
  /** Infinity where the side set no limit. */
  readonly maxHeaderListBytes: number;
  readonly enableConnectProtocol: boolean;
  readonly noRfc7540Priorities: boolean;
}

/** What holds before a side has said anything (section 6.5.2). */
export const DEFAULT_SETTINGS: Settings = Object.freeze({
  headerTableBytes: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowBytes: DEFAULT_WINDOW_BYTES,
  maxFrameBytes: MIN_MAX_FRAME_BYTES,
  maxHeaderListBytes: Number.POSITIVE_INFINITY,
  enableConnectProtocol: false,
  noRfc7540Priorities: false,
});

const FIELD: Readonly<Record<SettingName, keyof Settings>> = {
  HEADER_TABLE_SIZE: "headerTableBytes",
  ENABLE_PUSH: "enablePush",
  MAX_CONCURRENT_STREAMS: "maxConcurrentStreams",
  INITIAL_WINDOW_SIZE: "initialWindowBytes",
  MAX_FRAME_SIZE: "maxFrameBytes",
  MAX_HEADER_LIST_SIZE: "maxHeaderListBytes",
  ENABLE_CONNECT_PROTOCOL: "enableConnectProtocol",
  NO_RFC7540_PRIORITIES: "noRfc7540Priorities",
};

/** What a SETTINGS frame carries: those of `chosen` that are finite, in the order of their identifiers. */
export function settingsEntries(chosen: Partial<Settings>): [id: number, value: number][] {
  const entries: [number, number][] = [];
  for (const [name, field] of Object.entries(FIELD) as [SettingName, keyof Settings][]) {
    const value = chosen[field];
    if (value !== undefined && value !== Number.POSITIVE_INFINITY) entries.push([SETTING[name], Number(value)]);
  }
  return entries;
}

/** The settings after a SETTINGS frame, or what is wrong with it. Unknown identifiers are passed over (section 6.5.2). */
export function applySettings(settings: Settings, entries: readonly SettingEntry[]): Settings | H2Fault {
  const changed: Partial<Record<keyof Settings, number | boolean>> = {};
  for (const { id, name, value } of entries) {
    const fault = checkSetting(id, name, value);
    if (fault !== undefined) return fault;
    const field = FIELD[name as SettingName];
    if (field !== undefined) changed[field] = typeof DEFAULT_SETTINGS[field] === "boolean" ? value === 1 : value;
  }
  return { ...settings, ...changed } as Settings;
}

function checkSetting(id: number, name: string, value: number): H2Fault | undefined {
  if (id === SETTING.INITIAL_WINDOW_SIZE && value > MAX_WINDOW_BYTES) {
    return connectionFault("FLOW_CONTROL_ERROR", `setting ${name} ${value}; at most ${MAX_WINDOW_BYTES} is allowed`);
  }
  if (id === SETTING.MAX_FRAME_SIZE && (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES)) {
    const allowed = `${MIN_MAX_FRAME_BYTES} to ${MAX_MAX_FRAME_BYTES}`;
    return connectionFault("PROTOCOL_ERROR", `setting ${name} ${value}; allowed is ${allowed}`);
  }
  const isFlag =
    id === SETTING.ENABLE_PUSH || id === SETTING.ENABLE_CONNECT_PROTOCOL || id === SETTING.NO_RFC7540_PRIORITIES;
  if (isFlag && value > 1) return connectionFault("PROTOCOL_ERROR", `setting ${name} ${value}; allowed is 0 or 1`);
  return undefined;
}
