/** The captures in fixtures/captures/quic, as Wireshark's dissector reads them with the same key logs: as many packets, streams, ACKs. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CapturePipeline } from "../../src/capture/pipeline.js";
import { QuicConnection } from "../../src/capture/quic/connection.js";
import { QuicTally } from "../../src/capture/quic/quic-tally.js";
import type { QuicWatch, QuicWatchOptions } from "../../src/capture/quic/quic-watch.js";
import { createReader } from "../../src/capture/readers/formats.js";
import type { QuicEvent } from "../../src/protocols/quic/events.js";
import { KeyLog } from "../../src/protocols/tls/key-log.js";
import { onlyIf } from "../skip.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/captures/quic/", import.meta.url));
const TSHARK = "tshark";
const hasTshark = spawnSync(TSHARK, ["--version"]).status === 0;
const names = readdirSync(FOLDER).flatMap((name) => (name.endsWith(".pcap") ? [name.slice(0, -5)] : []));
const LONG_TYPES = ["initial", "0-rtt", "handshake", "retry"];
/** Units of 2^3 microseconds: the ack_delay_exponent that all these ends have. */
const DELAY_UNIT_NS = 8_000;

class ListeningTally extends QuicTally {
  readonly events: QuicEvent[] = [];

  override watch(options: QuicWatchOptions = {}): QuicWatch {
    const onEvent = (event: QuicEvent): void => {
      this.events.push(event);
      options.onEvent?.(event);
    };
    return super.watch({ ...options, onEvent });
  }
}

interface Read {
  readonly packets: Record<string, number>;
  readonly acks: number[];
  readonly streams: string[];
}

/** By our own reader. */
function ours(name: string): Read {
  const tally = new ListeningTally();
  const connections: QuicConnection[] = [];
  const keyLog = new KeyLog();
  keyLog.add(readFileSync(`${FOLDER}${name}.keys`, "latin1"));
  const observer = {
    quicStarted: () => tally,
    flowStarted: (flow: object) => {
      if (flow instanceof QuicConnection) connections.push(flow);
    },
  };
  const everything = { fromNs: Number.NEGATIVE_INFINITY, toNs: Number.POSITIVE_INFINITY };
  const pipeline = new CapturePipeline(observer, {
    ...everything,
    maxFlows: 100,
    idleNs: 600e9,
    accepts: undefined,
    keyLog,
  });
  const reader = createReader(pipeline.sink, () => false);
  reader.push(readFileSync(`${FOLDER}${name}.pcap`));
  pipeline.flush();
  reader.end();
  const packets: Record<string, number> = {};
  for (const { watch } of connections) {
    for (const end of ["client", "server"] as const) {
      for (const [type, count] of Object.entries(watch.conversation.packets(end))) {
        packets[type] = (packets[type] ?? 0) + count.packets;
      }
    }
  }
  pipeline.finish();
  const acks = tally.events.flatMap((event) => (event.type === "ack" ? [event.sentDelayNs / DELAY_UNIT_NS] : []));
  const streams = tally.events.flatMap((event) => (event.type === "stream-data" ? [String(event.streamId)] : []));
  return { packets, acks, streams };
}

/** Values of each field in each QUIC datagram. */
function theirs(name: string, ...fields: string[]): string[][][] {
  const keys = ["-o", `tls.keylog_file:${FOLDER}${name}.keys`, "-d", "udp.port==44330,quic"];
  const words = ["-n", "-r", `${FOLDER}${name}.pcap`, ...keys, "-Y", "quic", "-T", "fields"];
  const text = execFileSync(TSHARK, [...words, ...fields.flatMap((field) => ["-e", field])], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.split("\t").map((values) => values.split(",").filter((value) => value !== "")));
}

function packetsByType(name: string): Record<string, number> {
  const packets: Record<string, number> = {};
  for (const [forms = [], types = [], versions = []] of theirs(
    name,
    "quic.header_form",
    "quic.long.packet_type",
    "quic.version",
  )) {
    const known = ["0x00000000", "0x00000001", "0x6b3343cf"].includes(versions[0] ?? "0x00000001");
    const long = forms.filter((form) => form === "1").length;
    const seen = [
      ...types.map((type) => (known ? (LONG_TYPES[Number(type)] as string) : "unknown-version")),
      ...Array<string>(forms.length - long).fill("1-rtt"),
      ...Array<string>(long - types.length).fill("version-negotiation"),
    ];
    for (const type of seen) packets[type] = (packets[type] ?? 0) + 1;
  }
  return packets;
}

describe("tshark reads the same", onlyIf(hasTshark, "tshark is not installed"), () => {
  it.each(names)("%s: packets by type", (name) => {
    const counted = packetsByType(name);
    // A version that neither speaks is nothing that can be typed.
    delete counted["unknown-version"];
    const { "unknown-version": _, ...packets } = ours(name).packets;
    expect(packets).toEqual(counted);
  });

  it.each(names)("%s: ACK delays, frame by frame", (name) => {
    const delays = theirs(name, "quic.ack.ack_delay").flat(2).map(Number);
    const byValue = (left: number, right: number) => left - right;
    expect(ours(name).acks.sort(byValue)).toEqual(delays.sort(byValue));
  });

  it.each(names)("%s: streams", (name) => {
    const streams = theirs(name, "quic.stream.stream_id").flat(2);
    expect([...new Set(ours(name).streams)].sort()).toEqual([...new Set(streams)].sort());
  });
});
