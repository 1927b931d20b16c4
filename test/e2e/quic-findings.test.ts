/** The findings of QUIC, each provoked by the lab server: found, counted, priced, and shown. */
import { describe, expect, test } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import type { Report } from "../../src/report/model.js";
import { onlyIf } from "../skip.js";
import { netlat, probe } from "./netlat.js";

const quiche = await loadQuiche();
const here = "unavailable" in quiche ? onlyIf(false, quiche.unavailable) : {};
const MS = 1e6;

const findingOf = (report: Report, code: string) => report.findings.find((finding) => finding.code === code);
const theoryOf = (report: Report, id: string) => report.theories.find((theory) => theory.id === id);

describe("findings of QUIC", here, () => {
  test("a calm server: every detector looked, none of QUIC's found anything, and Nagle cannot be it", async () => {
    const report = await probe(["lab:h3", "--requests", "30"]);
    expect(report.findings.filter(({ code }) => code.startsWith("quic-"))).toEqual([]);
    const ran = report.detectors.filter(({ status }) => status === "ran").map(({ code }) => code);
    expect(ran).toEqual(
      expect.arrayContaining(["quic-ack-delay", "quic-retry", "quic-loss", "quic-version-negotiation"]),
    );
    expect(theoryOf(report, "nagle-delayed-ack")?.because).toMatch(/^cannot be/);
    expect(report.runs[0]?.quic?.rtt?.min).toBeGreaterThan(0);
  });

  test("quic-retry: every connection, with the round trip that it cost", async () => {
    const report = await probe(["lab:h3?retry=on", "--requests", "10", "--reuse", "off"]);
    const quic = report.runs[0]?.quic;
    const finding = findingOf(report, "quic-retry");
    expect(finding).toMatchObject({
      count: quic?.connections.opened,
      of: quic?.connections.opened,
      confidence: "certain",
    });
    const flight = quic?.handshake.flights.find(({ name }) => name === "client hello to retry");
    expect(flight?.time.count).toBe(quic?.connections.opened);
    expect(finding?.costNs.p50).toBe(flight?.time.p50);
    expect(findingOf(report, "quic-loss")).toBeUndefined();
  });

  test("quic-0rtt-rejected: older tickets are refused, and what was sent early goes again", async () => {
    const report = await probe([
      ...["lab:h3?rotate-tickets=2", "--early-data", "on,off", "--reuse", "off", "--requests", "20"],
    ]);
    const early = report.runs.find(({ factors }) => factors["early-data"] === "on")?.quic?.earlyData;
    expect(early?.rejected).toBeGreaterThan(0);
    expect(early?.accepted).toBeGreaterThan(0);
    expect(findingOf(report, "quic-0rtt-rejected")).toMatchObject({ count: early?.rejected, of: early?.offered });
    expect(findingOf(report, "quic-0rtt-rejected")?.costNs.p50).toBeGreaterThan(0);
    expect(findingOf(report, "quic-loss")).toBeUndefined();
    expect(report.verdict.reasons[0]).toMatch(/^0-RTT (saves|costs|makes no clear difference)/);
  });

  test("quic-loss: packets of ours that the server never got", async () => {
    const report = await probe(["lab:h3?loss-in=0.1&seed=3", "--requests", "60"]);
    const finding = findingOf(report, "quic-loss");
    expect(finding).toMatchObject({ severity: "warning" });
    expect(finding?.title).toMatch(/packets of the client were lost/);
    expect(finding?.costNs.total).toBeGreaterThan(0);
    expect(findingOf(report, "slow-server")).toBeUndefined();
  });

  test("ACKs that we hold back for longer than we say: measured as such", async () => {
    const late = ["--ack-delay", "5ms/40ms", "--requests", "12", "--rate", "12"];
    const report = await probe(["lab:h3", ...late]);
    const ours = report.runs[0]?.quic?.ackDelay.client;
    expect(ours?.advertisedNs).toBe(5 * MS);
    // What the server sends again meanwhile is acknowledged with it, and its own delay is what an ACK tells.
    expect(ours?.claimed.p90).toBeGreaterThan(10 * MS);
    expect(ours?.over).toBeGreaterThan(0);
    // On a machine that is late itself the finding is withheld.
    if (!findingOf(report, "generator-lag"))
      expect(findingOf(report, "quic-ack-delay")?.title).toMatch(/the client held back/);
  });

  test("the table shows it all at 80 columns, without colour", async () => {
    const { code, stdout } = await netlat(["probe", "lab:h3?retry=on", "--requests", "10", "--reuse", "off"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^QUIC$/m);
    expect(stdout).toMatch(/^ +client hello to retry +[\d.]+ [um]s {2}\S+$/m);
    expect(stdout).toMatch(/^ {2}detours +Retry on 1[01] of 1[01] connections$/m);
    expect(stdout).toMatch(/^Transport parameters$/m);
    expect(stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
  });
});
