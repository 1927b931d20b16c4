/** Bytes sent again, overtaken, or sent for nothing but an answer; and windows that close. */
import { describe, expect, it } from "vitest";
import { Conversation } from "../conversation.js";
import { observe, type Seen } from "./observe.js";
import { calm, MS, RTT } from "./scripts.js";

const scripted = (write: (script: Conversation) => void, fields = {}): Seen => {
  const script = new Conversation(fields).handshake(RTT, 0.01 * MS).wait(1 * MS);
  write(script);
  return observe(script.records());
};
const kinds = (seen: Seen) => seen.resends.map(({ kind }) => kind);

describe("sent again", () => {
  it("after three duplicate ACKs: a fast retransmit", () => {
    const seen = scripted((script) => {
      const lost = script.send("client", 1460);
      for (let i = 0; i < 3; i++) script.send("client", 1460);
      script.wait(RTT);
      for (let i = 0; i < 3; i++) script.ack("server", { ack: lost.seq });
      script.resend(lost);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.resends).toMatchObject([
      { kind: "fast-retransmit", duplicateAcks: 3, waitedNs: RTT, packets: [4, 11] },
    ]);
    expect(seen.exchanges[0]?.breakdownNs.loss).toBe(RTT);
  });

  it("a lost segment that the capture never saw fills the gap after three duplicate ACKs", () => {
    const seen = scripted((script) => {
      const lost = script.send("client", 1460, { unseen: true });
      for (let i = 0; i < 3; i++) script.send("client", 1460);
      script.wait(RTT);
      for (let i = 0; i < 3; i++) script.ack("server", { ack: lost.seq });
      script.resend(lost);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.resends).toMatchObject([{ kind: "fast-retransmit", packets: [null, 10] }]);
  });

  it("each time anew, with the timer doubled: as many resends, one exchange", () => {
    const seen = scripted((script) => {
      const lost = script.send("client", 100);
      script.wait(200 * MS).resend(lost);
      script.wait(400 * MS).resend(lost);
      script.wait(RTT).send("server", 50);
    });
    expect(kinds(seen)).toEqual(["rto", "rto"]);
    expect(seen.delayedBy("rto")).toBe(1);
    expect(seen.exchanges[0]?.breakdownNs.loss).toBe(600 * MS);
  });

  it("a tail loss probe: needless where the ACK carries a duplicate SACK, else the bytes were lost", () => {
    const probed = (sack?: readonly (readonly [number, number])[]) =>
      scripted(
        (script) => {
          const probe = script.send("client", 100);
          script.wait(20 * MS).resend(probe);
          script.wait(RTT).ack("server", sack === undefined ? {} : { options: { sack: [[probe.seq, probe.end]] } });
          script.wait(1 * MS).send("server", 50);
        },
        { sack: true },
      );
    const needless = probed([[0, 0]]);
    expect(kinds(needless)).toEqual(["spurious"]);
    expect(needless.exchanges[0]?.breakdownNs.loss).toBe(0);
    const needed = probed();
    expect(kinds(needed)).toEqual(["fast-retransmit"]);
    expect(needed.exchanges[0]?.breakdownNs.loss).toBe(20 * MS);
  });

  it("a probe that nobody answers before the next one, or at all, is told all the same", () => {
    const again = scripted((script) => {
      const probe = script.send("client", 100);
      script.wait(20 * MS).resend(probe);
      script.wait(50 * MS).resend(probe);
    });
    expect(again.resends.map(({ waitedNs }) => waitedNs)).toEqual([20 * MS, 50 * MS]);
  });

  it("after its ACK: spurious, and no part of the loss", () => {
    const seen = scripted((script) => {
      const first = script.send("client", 100);
      script.wait(RTT).ack("server");
      script.resend(first);
      script.wait(1 * MS).send("server", 50);
    });
    expect(kinds(seen)).toEqual(["spurious"]);
    expect(seen.exchanges[0]?.breakdownNs.loss).toBe(0);
  });

  it("a SYN: the handshake then tells nothing of the path", () => {
    const script = new Conversation();
    script.syn("client");
    script.wait(1000 * MS).syn("client", { seq: 1000 });
    script.wait(RTT).syn("server");
    script.wait(0.01 * MS).ack("client");
    calm(script);
    const seen = observe(script.records());
    expect(seen.resends).toMatchObject([{ kind: "syn", packets: [1, 2], waitedNs: 1000 * MS }]);
    expect(seen.handshakes).toEqual([]);
    expect(seen.flows[0]).toMatchObject({ handshakeSeen: true, handshakeRttNs: null, exchanges: 1 });
  });
});

describe("not sent again", () => {
  it("a SYN with the highest sequence number", () => {
    const seen = scripted((script) => calm(script), { client: { isn: 2 ** 32 - 1 }, server: { isn: 2 ** 32 - 1 } });
    expect(seen.resends).toEqual([]);
    expect(seen.handshakes).toHaveLength(1);
  });

  it("segments that overtake each other within 3 ms", () => {
    const seen = scripted((script) => {
      const late = script.send("client", 1460, { unseen: true });
      script.send("client", 100);
      script.wait(1 * MS).resend(late);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.resends).toEqual([]);
    expect(seen.exchanges).toHaveLength(1);
  });

  it.each([0, 1])("keep-alives of %i bytes", (bytes) => {
    const seen = scripted((script) => {
      calm(script);
      script.ack("client");
      for (let i = 0; i < 3; i++) {
        script.wait(10_000 * MS).send("client", bytes, { seq: script.nextSeq("client") - 1 });
        script.wait(RTT).ack("server");
      }
    });
    expect(seen.resends).toEqual([]);
    expect(seen.exchanges).toHaveLength(1);
  });
});

describe("a window", () => {
  const closing = (pauseNs: number, probes = 0) =>
    scripted((script) => {
      const sent = script.send("client", 1460);
      script.wait(RTT).ack("server", { window: 0 });
      for (let i = 0; i < probes; i++) {
        script.wait(50 * MS).send("client", 1, { seq: sent.end });
        script.wait(RTT).ack("server", { window: 0, ack: sent.end });
      }
      script.wait(300 * MS).ack("server", { ack: sent.end });
      script.wait(pauseNs).send("client", 1000, { seq: sent.end });
      script.wait(RTT).send("server", 50);
    });

  it("that closes and opens holds the sender up", () => {
    const seen = closing(0.05 * MS);
    expect(seen.windowStalls).toMatchObject([{ packets: [5, 6], closedNs: 300 * MS }]);
    expect(seen.windowStalls[0]?.receiver).not.toBe(seen.flows[0]?.client);
    expect(seen.exchanges[0]?.windowStalls).toHaveLength(1);
    expect(seen.exchanges[0]?.breakdownNs.window).toBe(300 * MS);
  });

  it("that opens before anybody waits for it delays nobody", () => {
    const seen = closing(100 * MS);
    expect(seen.windowStalls).toEqual([]);
    expect(seen.exchanges[0]?.breakdownNs.window).toBe(0);
  });

  it("is probed byte by byte: no resends", () => {
    const seen = closing(0.05 * MS, 3);
    expect(seen.windowStalls).toMatchObject([{ closedNs: 300 * MS + 3 * (50 * MS + RTT) }]);
    expect(seen.resends.filter(({ bytes }) => bytes <= 1)).toEqual([]);
  });

  it("is scaled only when both ends have offered it", () => {
    const small = (server: object) =>
      scripted(
        (script) => {
          script.send("client", 10);
          script.wait(RTT + 40 * MS).ack("server", { window: 50 });
          script.wait(0.02 * MS).send("client", 90);
        },
        { client: { windowScale: 7 }, server },
      );
    expect(small({ windowScale: 7 }).holds).toHaveLength(1);
    expect(small({}).holds).toEqual([]);
  });
});
