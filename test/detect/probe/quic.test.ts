import { describe, expect, test } from "vitest";
import { judge } from "../../../src/detect/judge.js";
import { quicAckDelay } from "../../../src/detect/probe/quic-ack-delay.js";
import { quicRetry, quicVersionNegotiation, quicZeroRttRejected } from "../../../src/detect/probe/quic-handshake.js";
import { quicLoss } from "../../../src/detect/probe/quic-loss.js";
import type { ProbeCell } from "../../../src/detect/probe-evidence.js";
import type { QuicFacts } from "../../../src/report/model.js";
import { cell, evidence, MS } from "../evidence.js";
import { loss, quicFacts, spread, times } from "../quic-facts.js";

const h3 = (quic: QuicFacts, factors: Record<string, string> = {}, ms = 41): ProbeCell => {
  const id =
    Object.entries(factors)
      .map(([name, level]) => `${name}=${level}`)
      .join(",") || "h3";
  const run = { id, factors, quic, kernel: null, phases: {} };
  return cell({ firstByte: () => ms, run });
};

describe("the detectors of QUIC in a probe", () => {
  test("a calm run: all of them looked and found nothing, and those of TCP say why they did not", () => {
    const { findings, detectors } = judge(
      evidence([h3(quicFacts())], { timestamps: false, minRttNs: 40 * MS, slowServerNs: 50 * MS }),
    );
    expect(findings).toEqual([]);
    const outcome = (code: string) => detectors.find((one) => one.code === code);
    expect(outcome("quic-loss")).toMatchObject({ status: "ran" });
    expect(outcome("quic-ack-delay")).toMatchObject({ status: "ran" });
    expect(outcome("quic-retry")).toMatchObject({ status: "ran" });
    expect(outcome("quic-0rtt-rejected")).toMatchObject({ status: "not-applicable", reason: /--early-data on/ });
    for (const code of ["nagle-delayed-ack", "split-write", "delayed-ack"]) {
      expect(outcome(code)).toMatchObject({ status: "not-applicable", reason: expect.stringMatching(/^QUIC/) });
    }
  });

  test("TCP has none of these", () => {
    const tcp = evidence([cell()]);
    for (const detector of [quicAckDelay, quicRetry, quicZeroRttRejected, quicLoss, quicVersionNegotiation]) {
      expect(detector.cannotJudge(tcp)).toBe("the requests did not travel in QUIC");
      expect(detector.judge(tcp)).toEqual([]);
    }
  });

  test("each cell is judged for itself, beside cells of TCP too", () => {
    const { handshake } = quicFacts();
    const retried = quicFacts({
      handshake: { ...handshake, retries: 4, flights: [{ name: "client hello to retry", time: times(40) }] },
    });
    const cells = [cell(), h3(quicFacts(), { http: "h3" }), h3(retried, { http: "h3", retry: "on" })];
    expect(quicRetry.judge(evidence(cells)).map(({ subject }) => subject)).toEqual([{ run: "http=h3,retry=on" }]);
  });

  test("where no acknowledgement could be read, loss and late ACKs are not judged, and it is said why", () => {
    const says = "2 connections: the key log has no secret of them";
    const blind = quicFacts({ loss: { client: null, server: null }, opened: { packets: 4, of: 90, says } });
    for (const detector of [quicLoss, quicAckDelay]) {
      expect(detector.cannotJudge(evidence([h3(blind)]))).toBe(`no acknowledgement could be read: ${says}`);
    }
  });

  test("an answer that pauses for 40 ms is no delayed ACK of a kernel", () => {
    const pausing = { ...h3(quicFacts()), latencyNs: new Float64Array(200).fill(85 * MS) };
    expect(judge(evidence([cell(), pausing])).findings).toEqual([]);
  });

  test("where no handshake succeeds there is still something to say", () => {
    const refused = quicFacts({
      handshake: { ...quicFacts().handshake, total: null, flights: [], versionNegotiations: 2 },
    });
    const dead = { ...h3(refused), latencyNs: new Float64Array() };
    expect(quicVersionNegotiation.judge(evidence([dead]))).toMatchObject([{ count: 2 }]);
  });
});

describe("quic-ack-delay where our own delay is a factor", () => {
  const late = (changes: Partial<QuicFacts> = {}): QuicFacts =>
    quicFacts({
      ackDelay: { server: null, client: { advertisedNs: 25 * MS, claimed: spread(100, () => 50), over: 100 } },
      loss: { client: loss(), server: loss({ resentBytes: 5000 }) },
      ...changes,
    });

  test("the cell without it tells what it costs", () => {
    const [prompt, delayed] = [h3(quicFacts(), { "ack-delay": "0" }, 41), h3(late(), { "ack-delay": "25ms/50ms" }, 49)];
    const [finding, ...others] = quicAckDelay.judge(evidence([prompt, delayed]));
    expect(others).toEqual([]);
    expect(finding?.costNs.p50).toBeCloseTo(8 * MS, -5);
    expect(finding?.evidence.at(-1)?.says).toBe("p50 49.0 ms here, 41.0 ms in ack-delay=0");
    expect(finding?.whatIf?.p50Ns).toBeCloseTo(41 * MS, -5);
  });

  test("a cell that differs in more than that tells nothing", () => {
    const other = h3(quicFacts(), { "ack-delay": "0", streams: "10" });
    const delayed = h3(late(), { "ack-delay": "25ms/50ms", streams: "1" });
    expect(quicAckDelay.judge(evidence([other, delayed]))).toMatchObject([{ costNs: { total: 0 }, whatIf: null }]);
  });
});
