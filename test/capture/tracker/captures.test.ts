/** What the tracker makes of the real captures whose truth is known, from either end of the path. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { createReader } from "../../../src/capture/readers/formats.js";
import { Seen, sumOf, trackerOf } from "./observe.js";

const FOLDER = new URL("../../../fixtures/captures/", import.meta.url);

interface Label {
  readonly requests: number;
  readonly sender?: "server";
  readonly ends?: readonly string[];
  readonly "nagle-delayed-ack"?: number;
  readonly "split-write"?: true;
  readonly "slow-server"?: number;
  readonly rto?: number;
  readonly "fast-retransmit"?: true;
  readonly "zero-window"?: true;
}

const labels: Record<string, Label> = JSON.parse(readFileSync(new URL("labels.json", FOLDER), "utf8"));

function read(file: string): Seen {
  const seen = new Seen();
  const tracker = trackerOf(seen);
  const packet = new Packet();
  const reader = createReader((record) => {
    if (decode(record, packet) === "tcp") tracker.packet(packet);
  });
  reader.push(readFileSync(new URL(file, FOLDER)));
  expect(reader.end().damage).toBeNull();
  tracker.finish();
  return seen;
}

describe.each(readdirSync(FOLDER).filter((name) => name.endsWith(".pcap")))("%s", (file) => {
  const [name = "", end = ""] = file.split(".");
  const label = labels[name] as Label;
  const seen = read(file);
  const visible = label.ends === undefined || label.ends.includes(end);

  it("has as many exchanges as requests were made", () => {
    expect(seen.exchanges).toHaveLength(label.requests);
    expect(seen.exchanges.map(({ number }) => number)).toEqual(seen.exchanges.map((_, index) => index + 1));
  });

  it("shows every stall, at the end that held back, and none besides", () => {
    expect(seen.stalled).toHaveLength(label["nagle-delayed-ack"] ?? 0);
    for (const { flow, holds } of seen.stalled) {
      const byClient = holds.map(({ sender }) => sender === flow.client);
      expect(new Set(byClient)).toEqual(new Set([label.sender !== "server"]));
    }
  });

  // What was lost on the way never reached the other end: only the end that the label names can see it.
  const losses = visible ? it : () => {};
  losses("shows what was lost and where a window was closed", () => {
    expect(seen.delayedBy("rto")).toBe(label.rto ?? 0);
    expect(seen.delayedBy("fast-retransmit") > 0).toBe(label["fast-retransmit"] ?? false);
    expect(seen.exchanges.some(({ windowStalls }) => windowStalls.length > 0)).toBe(label["zero-window"] ?? false);
  });

  it("divides every latency into parts that add up to it", () => {
    for (const { latencyNs, breakdownNs } of seen.exchanges) {
      expect(sumOf(breakdownNs)).toBeCloseTo(latencyNs, 3);
      expect(Math.min(...Object.values(breakdownNs))).toBeGreaterThanOrEqual(0);
    }
  });

  it("blames the part that the delay belongs to", () => {
    const shareOf = (part: "senderHold" | "server" | "loss" | "window") => {
      const total = seen.exchanges.reduce((sum, { latencyNs }) => sum + latencyNs, 0);
      return seen.exchanges.reduce((sum, { breakdownNs }) => sum + breakdownNs[part], 0) / total;
    };
    if (label["nagle-delayed-ack"] !== undefined) expect(shareOf("senderHold")).toBeGreaterThan(0.9);
    else expect(shareOf("senderHold")).toBeLessThan(0.01);
    if (label["slow-server"] !== undefined) expect(shareOf("server")).toBeGreaterThan(0.95);
    if (label.rto !== undefined && visible) expect(shareOf("loss")).toBeGreaterThan(0.7);
    if (label["zero-window"]) expect(shareOf("window")).toBeGreaterThan(0.7);
  });

  it("sees pieces where a request was cut", () => {
    const cut =
      label["split-write"] === true || (label["nagle-delayed-ack"] !== undefined && label.sender === undefined);
    if (cut) expect(seen.exchanges.every(({ smallRequestSegments }) => smallRequestSegments > 0)).toBe(true);
    if (/single|cork|msgmore/.test(name))
      expect(seen.exchanges.every(({ requestSegments }) => requestSegments === 1)).toBe(true);
  });
});
