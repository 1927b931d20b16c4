/** What gtlsserver says of its connections: qlog, one file of JSON text sequences (RFC 7464) for each. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface QlogFrame {
  readonly frame_type: string;
  readonly stream_id?: number;
  /** Of `ack`, in milliseconds. */
  readonly ack_delay?: number;
}

export interface QlogEvent {
  readonly name: string;
  readonly data: {
    readonly header?: { readonly packet_type: string };
    readonly frames?: readonly QlogFrame[];
    readonly pto_count?: number;
  };
}

const RECORD_SEPARATOR = "\x1e";

/** Frames of 1-RTT packets that the server received, one array for each packet. */
export const receivedPackets = (events: readonly QlogEvent[]): readonly (readonly QlogFrame[])[] =>
  events
    .filter(({ name, data }) => name === "transport:packet_received" && data.header?.packet_type === "1RTT")
    .map(({ data }) => data.frames ?? []);

/** Runs a probe. @returns its result, and the server's events of its connections @param folder of the server */
export async function withQlog<T>(folder: string, body: () => Promise<T>): Promise<readonly [T, readonly QlogEvent[]]> {
  const qlogs = join(folder, "qlog");
  const before = new Set(readdirSync(qlogs));
  const result = await body();
  const fresh = readdirSync(qlogs).filter((name) => !before.has(name));
  if (fresh.length === 0) throw new Error("the server wrote no qlog");
  const events: QlogEvent[] = [];
  for (const name of fresh) events.push(...(await readWhole(join(qlogs, name))));
  return [result, events];
}

/** The server writes the last of it when it has forgotten the connection. */
async function readWhole(file: string): Promise<readonly QlogEvent[]> {
  for (const deadline = Date.now() + 5000; ; await sleep(50)) {
    const records = readAll(readFileSync(file, "utf8"));
    if (records !== undefined) return records.filter(({ name }) => name !== undefined);
    if (Date.now() > deadline) throw new Error(`${file} was not written to its end`);
  }
}

function readAll(text: string): QlogEvent[] | undefined {
  const records = text.split(RECORD_SEPARATOR).filter((record) => record.trim() !== "");
  try {
    return records.length < 3 ? undefined : records.map((record) => JSON.parse(record));
  } catch {
    return undefined;
  }
}
