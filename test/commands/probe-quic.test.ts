/** From the flags of a probe over QUIC to its cells and to what the engine is told; nothing is sent. */

import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addProbeOptions, type ProbeOptions } from "../../src/commands/probe-options.js";
import { planOf, prepare } from "../../src/commands/probe-run.js";
import { laneSpec } from "../../src/probes/plan.js";
import type { LaneSpec, ProbeEngine } from "../../src/probes/probe.js";
import { loadQuiche } from "../../src/quic/binding.js";
import { DEFAULT_TRANSPORT } from "../../src/quic/settings.js";
import { openFileLimit } from "../../src/sockets/file-limit.js";
import { onlyIf } from "../skip.js";

const quiche = await loadQuiche();
const here = "unavailable" in quiche ? onlyIf(false, quiche.unavailable) : {};

const H3 = "h3://192.0.2.1:8443/a";
const QUIC = "quic://192.0.2.1:7?alpn=echo";

function optionsOf(...args: string[]): ProbeOptions {
  return addProbeOptions(new Command()).exitOverride().parse(args, { from: "user" }).opts<ProbeOptions>();
}

const idsOf = async (endpoint: string, ...args: string[]): Promise<string[]> =>
  (await prepare(endpoint, optionsOf(...args))).cells.map(({ cell }) => cell.id);

const ENGINE: ProbeEngine = {
  name: "quiche",
  capabilities: {
    nodelay: "no: QUIC has none",
    quickack: "no: QUIC has none",
    cork: "no: QUIC has none",
    maxSegment: "no: QUIC has none",
    tcpInfo: "no: QUIC has none",
    timestamping: "no: QUIC has none",
  },
  open: () => Promise.reject(new Error("nothing is sent")),
  close: () => Promise.resolve(),
};

/** What the engine would be told, by cell. */
async function lanesOf(endpoint: string, ...args: string[]): Promise<Record<string, LaneSpec>> {
  const options = optionsOf(...args);
  const prepared = await prepare(endpoint, options);
  const plan = planOf(prepared, options, { address: "192.0.2.1", family: 4, dnsNs: null }, ENGINE);
  return Object.fromEntries(plan.cells.map((planned) => [planned.cell.id, laneSpec(plan, planned)]));
}

describe("cells over QUIC", here, () => {
  it("are one, uncut, when nothing is said", async () => {
    expect(await idsOf(H3)).toEqual(["split=none"]);
    expect(await idsOf(QUIC)).toEqual(["split=none"]);
    expect(await idsOf("doq://192.0.2.1/example.com")).toEqual(["split=none"]);
  });

  it.each([
    [
      ["--split", "none,3,each"],
      ["split=none", "split=3", "split=each"],
    ],
    [["--split", "fields", "--data", "x"], ["split=fields"]],
    [
      ["--streams", "1,10", "--connections", "2"],
      ["split=none,streams=1", "split=none,streams=10"],
    ],
    [
      ["--early-data", "on,off", "--reuse", "off"],
      ["split=none,early-data=on", "split=none,early-data=off"],
    ],
    [
      ["--ack-delay", "0,25ms/50ms"],
      ["split=none,ack-delay=0", "split=none,ack-delay=25ms/50ms"],
    ],
    [
      ["--migrate", "on,off"],
      ["split=none,migrate=on", "split=none,migrate=off"],
    ],
    [["--migrate-after", "5"], ["split=none,migrate=on"]],
    [
      ["--window", "64KiB,1MiB"],
      ["split=none,window=64KiB", "split=none,window=1MiB"],
    ],
    [
      ["--compare-with", "h2,h1"],
      ["http=h3,split=none", "http=h2,split=none", "http=h1,split=none"],
    ],
    [
      ["--compare-with", "h2", "--streams", "1,10", "--ack-delay", "25ms"],
      [
        "http=h3,split=none,streams=1,ack-delay=25ms",
        "http=h3,split=none,streams=10,ack-delay=25ms",
        "http=h2,split=none,streams=1",
        "http=h2,split=none,streams=10",
      ],
    ],
  ])("%j", async (args, ids) => {
    expect(await idsOf(H3, ...args)).toEqual(ids);
  });
});

describe("what the engine is told", here, () => {
  it("has defaults", async () => {
    const { "split=none": lane } = await lanesOf(H3);
    expect(lane).toMatchObject({ connections: 1, pipeline: 1, reuse: true, h2: undefined });
    expect(lane?.quic).toEqual({
      alpn: ["h3"],
      transport: DEFAULT_TRANSPORT,
      earlyData: false,
      ackDelay: undefined,
      migrateAfter: undefined,
      sessionFile: undefined,
    });
    expect(lane?.tls).toMatchObject({ insecure: false, servername: undefined });
  });

  it("has what the flags say", async () => {
    const lanes = await lanesOf(
      H3,
      ...["--alpn", "h3-29,h3", "--idle-timeout", "10s", "--keepalive", "5s", "--max-udp-payload", "1200"],
      ...["--max-streams-bidi", "7", "--max-streams-uni", "8", "--window", "64KiB", "--stream-window", "32KiB"],
      ...["--congestion", "bbr", "--session-file", "/tmp/tickets.json", "--sni", "example.com", "--insecure"],
      ...["--ack-delay", "0,25ms/50ms", "--migrate", "on,off", "--migrate-after", "4", "--streams", "3"],
    );
    const lane = lanes["split=none,streams=3,window=64KiB,ack-delay=25ms/50ms,migrate=on"];
    expect(lane?.quic).toEqual({
      alpn: ["h3-29", "h3"],
      transport: {
        idleTimeoutNs: 10e9,
        keepaliveNs: 5e9,
        maxUdpPayloadBytes: 1200,
        maxStreamsBidi: 7,
        maxStreamsUni: 8,
        windowBytes: 65536,
        streamWindowBytes: 32768,
        congestion: "bbr",
        maxAckDelayNs: 25e6,
      },
      earlyData: false,
      ackDelay: { advertisedNs: 25e6, realNs: 50e6 },
      migrateAfter: 4,
      sessionFile: "/tmp/tickets.json",
    });
    expect(lane).toMatchObject({ pipeline: 3, tls: { servername: "example.com", insecure: true } });
    const calm = lanes["split=none,streams=3,window=64KiB,ack-delay=0,migrate=off"]?.quic;
    expect(calm).toMatchObject({ migrateAfter: undefined, ackDelay: { advertisedNs: 0, realNs: 0 } });
    expect(calm?.transport.maxAckDelayNs).toBe(0);
  });

  it("is another protocol and transport for each version side by side", async () => {
    const lanes = await lanesOf(H3, "--compare-with", "h2,h1", "--compare-port", "9", "--streams", "4", "--insecure");
    const { "http=h3,split=none,streams=4": h3, "http=h2,split=none,streams=4": h2, "http=h1,split=none": h1 } = lanes;
    expect(h3).toMatchObject({ pipeline: 4, connections: 1, target: { transport: "quic", port: 8443 } });
    expect(h2).toMatchObject({
      address: "192.0.2.1",
      pipeline: 4,
      connections: 1,
      quic: undefined,
      target: { endpoint: "https://192.0.2.1:9/a", transport: "tls", port: 9, request: { protocol: "h2", path: "/a" } },
      behaviour: { nagle: false, cuts: [], quickack: "default", cork: false },
      tls: { insecure: true },
    });
    expect(h1).toMatchObject({ pipeline: 1, connections: 6, target: { request: { protocol: "http1", path: "/a" } } });
  });

  it("takes --connections for every version", async () => {
    const lanes = await lanesOf(H3, "--compare-with", "h1", "--connections", "2");
    expect(Object.values(lanes).map(({ connections }) => connections)).toEqual([2, 2]);
  });

  it("leaves TCP as it was", async () => {
    const lanes = await lanesOf("tcp://192.0.2.1:7", "--nagle", "on", "--split", "3");
    expect(lanes["nagle=on,split=3,quickack=default"]).toMatchObject({
      quic: undefined,
      tls: undefined,
      behaviour: { nagle: true, cuts: [1, 3] },
    });
  });
});

describe("flags that do not fit", () => {
  const refusal = (endpoint: string, ...args: string[]): Promise<string> =>
    prepare(endpoint, optionsOf(...args)).then(
      () => "",
      (error) => error.message,
    );

  it.each([
    ["--nagle", ["on,off"]],
    ["--quickack", ["default"]],
    ["--cork", ["off"]],
    ["--max-segment", ["500"]],
    ["--timestamps", ["on"]],
    ["--slow-first", ["/slow"]],
  ])("%s is about TCP", async (flag, values) => {
    expect(await refusal(H3, flag, ...values)).toMatch(
      new RegExp(`^${flag}: is about TCP, and ${H3} travels in QUIC; leave it out \\(.+\\)$`),
    );
  });

  it.each([
    ["--bulk", ["/big"]],
    ["--bulk-on", ["same"]],
    ["--over-limit", []],
    ["--keepalive-timeout", ["1s"]],
    ["--keepalive-without-streams", ["on"]],
  ])("%s is for HTTP/2", async (flag, values) => {
    const sentence = `${flag}: is for HTTP/2 and gRPC, and ${H3} travels in QUIC; leave it out`;
    expect(await refusal(H3, flag, ...values)).toBe(sentence);
  });

  it.each([
    ["--early-data", ["on", "--reuse", "off"]],
    ["--ack-delay", ["0"]],
    ["--migrate", ["on"]],
    ["--migrate-after", ["3"]],
    ["--idle-timeout", ["1s"]],
    ["--max-udp-payload", ["1200"]],
    ["--max-streams-bidi", ["1"]],
    ["--max-streams-uni", ["1"]],
    ["--stream-window", ["1MiB"]],
    ["--congestion", ["reno"]],
    ["--session-file", ["/tmp/tickets.json"]],
    ["--compare-with", ["h2"]],
  ])("%s is for QUIC", async (flag, values) => {
    const sentence = `${flag}: is for QUIC; ask h3://, quic:// or doq://, or https:// with --http3`;
    expect(await refusal("tcp://192.0.2.1:7", flag, ...values)).toBe(sentence);
    expect(await refusal("h2c://192.0.2.1:7", flag, ...values)).toBe(sentence);
  });

  it.each([
    [H3, ["--pipeline", "4"], /^--pipeline: QUIC has streams instead; write --streams$/],
    [H3, ["--streams", "1,4", "--reuse", "off"], /^--streams: several at once share a connection that is kept; leave/],
    [H3, ["--streams", "1", "--reuse", "off"], /^$/],
    [H3, ["--engine", "net"], /^--engine net: not possible here: QUIC runs on quiche/],
    [H3, ["--tls-resume", "on", "--reuse", "off"], /^--tls-resume: is about TCP/],
    [QUIC, ["--compare-with", "h2"], /^--compare-with: holds HTTP\/3 against HTTP over TCP; ask h3:\/\//],
    [H3, ["--compare-port", "1"], /^--compare-port 1: nothing is asked over TCP; add --compare-with h2/],
    [H3, ["--early-data", "on"], /^--early-data: only the first request .* add --reuse off$/],
    [H3, ["--early-data", "on", "--reuse", "off", "--data", "x"], /^--early-data on: .*RFC 8470\), not POST;/],
    [H3, ["--migrate", "off", "--migrate-after", "3"], /^--migrate-after 3: with --migrate off no connection moves/],
    [H3, ["--migrate", "on", "--reuse", "off"], /^--migrate: a connection of one request never moves/],
    [H3, ["--migrate", "on", "--requests", "9"], /^--migrate-after 10: a connection gets about 10 requests here/],
    [H3, ["--sni", "a", "--servername", "b"], /^--sni and --servername: two words for one thing/],
    [H3, ["--split", "999"], /^--split 999: the request has only \d+ bytes/],
    [
      "tcp://192.0.2.1:7",
      ["--streams", "2"],
      /^--streams: is for HTTP\/2, gRPC and QUIC; ask h2c:\/\/, grpc:\/\/, h3:\/\/ or/,
    ],
    ["tcp://192.0.2.1:7", ["--keepalive-timeout", "2s"], /^--keepalive-timeout: is for HTTP\/2 and gRPC; ask/],
    ["tcp://192.0.2.1:7", ["--sni", "a"], /^$/],
  ])("%s %j", async (endpoint, args, message) => {
    expect(await refusal(endpoint, ...args)).toMatch(message);
  });

  it("more connections than there may be files: each has one beside its socket", here, async () => {
    const limit = openFileLimit();
    if (limit === null || limit > 20_000) return;
    const connections = String(Math.floor(limit / 2));
    expect(await refusal(H3, "--connections", connections)).toContain(`and this process may open ${limit} files`);
    expect(await refusal("tcp://192.0.2.1:7", "--connections", connections, "--nagle", "on", "--split", "none")).toBe(
      "",
    );
  });

  it("a request of raw bytes or of DNS may travel in 0-RTT, whoever asks for it", here, async () => {
    const args = ["--early-data", "on", "--reuse", "off"];
    expect(await refusal(QUIC, ...args)).toBe("");
    expect(await refusal("doq://192.0.2.1", ...args)).toBe("");
  });
});

describe("values", () => {
  it.each([
    [
      ["--initial-rtt", "40ms"],
      "--initial-rtt 40ms: quiche 0.18, on which QUIC runs here, has no setting for it; leave it out",
    ],
    [["--congestion", "bbr2"], "--congestion bbr2: not accepted; use cubic, reno or bbr"],
    [["--max-udp-payload", "1199"], "--max-udp-payload 1199: not a whole number from 1200 to 65527"],
    [["--stream-window", "0"], "--stream-window 0: a window has from 1 byte to 4 GiB; write a size such as 64KiB"],
    [["--compare-with", "h3"], "--compare-with h3: not what HTTP/3 is held against; use h2, h1 or h2,h1"],
    [["--compare-port", "0"], "--compare-port 0: not a whole number from 1 to 65535"],
    [["--migrate-after", "0"], "--migrate-after 0: not a whole number from 1"],
    [["--session-file", "-"], "--session-file -: tickets are read from a file and written to it again; name a file"],
    [["--alpn", "a b"], "--alpn a b: not names of protocols; write one such as h3, or several as h3,h3-29"],
    [["--early-data", "maybe"], "--early-data maybe: not a level; use on, off or on,off"],
  ])("%j is refused", (args, message) => {
    expect(() => optionsOf(...args)).toThrow(message);
  });
});
