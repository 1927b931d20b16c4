/** Datagrams of one QUIC connection, recorded on a relay between real programs, and the same as a capture for tshark. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GtlsclientOptions, type GtlsclientRun, gtlsclient } from "./peers/gtlsclient.js";
import { type LineOptions, UdpRelay } from "./udp-relay.js";

export interface Datagram {
  readonly from: "client" | "server";
  readonly bytes: Uint8Array;
  /** Since the recording began. */
  readonly atNs: number;
}

export interface Recording {
  readonly run: GtlsclientRun;
  readonly datagrams: readonly Datagram[];
  /** What SSLKEYLOGFILE got. */
  readonly keys: string;
}

/** Lets gtlsclient ask for `paths` through a relay, and keeps what passed. */
export async function record(
  serverPort: number,
  paths: readonly string[],
  options: GtlsclientOptions = {},
  line: LineOptions = {},
): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), "netlat-quic-"));
  const keyFile = join(folder, "keys");
  writeFileSync(keyFile, "");
  const datagrams: Datagram[] = [];
  const began = process.hrtime.bigint();
  const relay = await UdpRelay.open(serverPort, line, (from, bytes) =>
    datagrams.push({ from, bytes: Uint8Array.from(bytes), atNs: Number(process.hrtime.bigint() - began) }),
  );
  try {
    const run = await gtlsclient(relay.port, paths, { ...options, enter: ["env", `SSLKEYLOGFILE=${keyFile}`] });
    return { run, datagrams, keys: readFileSync(keyFile, "utf8") };
  } finally {
    await relay.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The values that tshark has for a field, one for each time it occurs, in order. */
export function tsharkValues({ datagrams, keys }: Recording, filter: string, field: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "netlat-tshark-"));
  try {
    writeFileSync(join(folder, "keys"), keys);
    writeFileSync(join(folder, "quic.pcap"), pcapOf(datagrams));
    const text = execFileSync(
      TSHARK,
      [
        ...["-r", join(folder, "quic.pcap"), "-o", `tls.keylog_file:${join(folder, "keys")}`],
        ...["-d", `udp.port==${SERVER_PORT},quic`, "-Y", filter, "-T", "fields", "-e", field],
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 * 1024 * 1024 },
    );
    return text.split(/[\n,]/).filter((value) => value !== "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By a constant: it is a program of the system, not of package.json. */
export const TSHARK = "tshark";
const CLIENT_PORT = 50_000;
const SERVER_PORT = 4433;
const HEADERS_BYTES = 28;

/** Classic pcap with nanoseconds, raw IPv4 (link type 101); checksums are left 0. */
function pcapOf(datagrams: readonly Datagram[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b23c4d, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(101, 20);
  return Buffer.concat([head, ...datagrams.map(packetOf)]);
}

function packetOf({ from, bytes, atNs }: Datagram): Buffer {
  const length = HEADERS_BYTES + bytes.length;
  const packet = Buffer.alloc(16 + HEADERS_BYTES);
  packet.writeUInt32LE(Math.floor(atNs / 1e9), 0);
  packet.writeUInt32LE(atNs % 1e9, 4);
  packet.writeUInt32LE(length, 8);
  packet.writeUInt32LE(length, 12);
  const ip = packet.subarray(16);
  ip[0] = 0x45;
  ip.writeUInt16BE(length, 2);
  ip[8] = 64;
  ip[9] = 17;
  const isClient = from === "client";
  ip.set([10, 0, 0, isClient ? 1 : 2, 10, 0, 0, isClient ? 2 : 1], 12);
  ip.writeUInt16BE(isClient ? CLIENT_PORT : SERVER_PORT, 20);
  ip.writeUInt16BE(isClient ? SERVER_PORT : CLIENT_PORT, 22);
  ip.writeUInt16BE(length - 20, 24);
  return Buffer.concat([packet, bytes]);
}
