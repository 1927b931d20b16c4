/** What is a Nagle x delayed-ACK stall, and what only looks like one: the rules of docs/findings/nagle-delayed-ack.md, by hand. */
import { describe, expect, it } from "vitest";
import { Conversation } from "../conversation.js";
import { observe, type Seen, sumOf } from "./observe.js";
import { calm, MS, RTT, stalled } from "./scripts.js";

const scripted = (write: (script: Conversation) => void, fields = {}): Seen => {
  const script = new Conversation(fields).handshake(RTT, 0.01 * MS).wait(1 * MS);
  write(script);
  return observe(script.records());
};

describe("a stall", () => {
  it("in the request", () => {
    const seen = scripted((script) => stalled(script));
    expect(seen.stalled).toHaveLength(1);
    const [{ holds, breakdownNs, latencyNs, packets, smallRequestSegments, requestSegments, notes }] = seen.stalled as [
      Seen["exchanges"][0],
    ];
    expect(holds).toMatchObject([
      {
        sender: seen.flows[0]?.client,
        packets: [4, 5, 6],
        smallBytes: 10,
        releasedBytes: 90,
        ackDelayNs: 40 * MS,
        heldNs: 42.02 * MS,
        prompt: true,
      },
    ]);
    expect(breakdownNs).toMatchObject({ network: RTT, senderHold: 42.02 * MS, server: 0.3 * MS, transfer: 0 });
    expect(sumOf(breakdownNs)).toBe(latencyNs);
    expect({ packets, smallRequestSegments, requestSegments }).toEqual({
      packets: [4, 7],
      smallRequestSegments: 1,
      requestSegments: 2,
    });
    expect(notes.slice(-4).map(({ number, bytes, flags }) => [number, bytes, flags])).toEqual([
      [4, 10, 24],
      [5, 0, 16],
      [6, 90, 24],
      [7, 50, 24],
    ]);
  });

  it("in the answer: what the server holds back comes a round trip after the client's ACK", () => {
    const seen = scripted((script) => {
      script.send("client", 100);
      script.wait(RTT + 0.3 * MS).send("server", 20);
      script.wait(40 * MS).ack("client");
      script.wait(RTT + 0.05 * MS).send("server", 480);
    });
    expect(seen.stalled).toHaveLength(1);
    expect(seen.stalled[0]?.holds).toMatchObject([{ smallBytes: 20, releasedBytes: 480, prompt: true }]);
    expect(seen.stalled[0]?.holds[0]?.sender).not.toBe(seen.flows[0]?.client);
    expect(seen.stalled[0]?.breakdownNs.senderHold).toBe(42.05 * MS);
  });

  it("of three pieces, each held back: one exchange, two holds", () => {
    const seen = scripted((script) => {
      for (let piece = 0; piece < 2; piece++) {
        script.send("client", 10);
        script.wait(RTT + 40 * MS).ack("server");
        script.wait(0.02 * MS);
      }
      script.send("client", 10);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.stalled).toHaveLength(1);
    expect(seen.stalled[0]?.holds).toHaveLength(2);
    expect(seen.stalled[0]?.smallRequestSegments).toBe(2);
  });

  it("without a handshake: the ports tell the client, a calm exchange the way", () => {
    const script = new Conversation();
    calm(script);
    script.ack("client");
    script.wait(10 * MS);
    stalled(script);
    const seen = observe(script.records());
    expect(seen.flows[0]).toMatchObject({
      handshakeSeen: false,
      handshakeRttNs: null,
      client: seen.flows[0]?.a.port === 40_000 ? 0 : 1,
    });
    expect(seen.exchanges).toHaveLength(2);
    expect(seen.stalled).toHaveLength(1);
  });

  it("across the end of the sequence numbers", () => {
    const seen = scripted(
      (script) => {
        for (let i = 0; i < 5; i++) stalled(script);
      },
      { client: { isn: 2 ** 32 - 120 }, server: { isn: 2 ** 32 - 70 } },
    );
    expect(seen.stalled).toHaveLength(5);
    expect(seen.resends).toEqual([]);
  });

  it("with jitter: a late release counts where the end has shown many prompt ones", () => {
    const loose = (script: Conversation) => {
      script.send("client", 10);
      script.wait(RTT + 40 * MS).ack("server");
      script.wait(6 * MS).send("client", 90);
      script.wait(RTT).send("server", 50);
      script.wait(1 * MS);
    };
    expect(scripted(loose).stalled).toEqual([]);
    const seen = scripted((script) => {
      for (let i = 0; i < 4; i++) stalled(script);
      loose(script);
    });
    expect(seen.holds.map(({ prompt }) => prompt)).toEqual([true, true, true, true, false]);
    expect(seen.stalled).toHaveLength(5);
    expect(seen.exchanges[4]?.breakdownNs.senderHold).toBe(48 * MS);
  });
});

describe("no stall", () => {
  it("the server thinks for 45 ms, and its ACK is late: the message was complete", () => {
    const seen = scripted((script) => {
      script.send("client", 100);
      script.wait(RTT + 40 * MS).ack("server");
      script.wait(5 * MS).send("server", 50);
    });
    expect(seen.holds).toEqual([]);
    expect(seen.exchanges[0]?.breakdownNs).toMatchObject({ senderHold: 0, network: RTT, server: 45 * MS });
  });

  it("the application pauses between two writes, longer than the ACK is delayed", () => {
    const seen = scripted((script) => {
      script.send("client", 10);
      script.wait(RTT + 40 * MS).ack("server");
      script.wait(20 * MS).send("client", 90);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.stalled).toEqual([]);
    expect(seen.exchanges[0]?.breakdownNs).toMatchObject({ senderHold: 0, transfer: RTT + 60 * MS });
    expect(seen.lateAcks).toMatchObject([{ packets: [4, 5], ackDelayNs: 40 * MS }]);
  });

  it("the pause ends by chance just after the ACK, but the end has NODELAY: small upon small shows it", () => {
    const seen = scripted((script) => {
      stalled(script);
      script.send("client", 10);
      script.wait(0.01 * MS).send("client", 90);
      script.wait(RTT).send("server", 50);
      stalled(script.wait(1 * MS));
    });
    expect(seen.holds).toHaveLength(1);
    expect(seen.nagleOffs).toMatchObject([{ side: seen.flows[0]?.client }]);
    expect(seen.stalled).toEqual([]);
    expect(seen.flows[0]?.nagleOff[seen.flows[0]?.client ?? 0]).toBe(true);
  });

  it("the path's round trip is 42 ms", () => {
    const script = new Conversation().handshake(42 * MS, 0.01 * MS);
    for (let i = 0; i < 3; i++) stalled(script, { delayNs: 0.2 * MS, rttNs: 42 * MS });
    const seen = observe(script.records());
    expect(seen.exchanges).toHaveLength(3);
    expect(seen.holds).toEqual([]);
  });

  it("the client is idle between two requests, and its ACK late", () => {
    const seen = scripted((script) => {
      for (let i = 0; i < 3; i++) {
        script.send("client", 100);
        script.wait(RTT).send("server", 50);
        script.wait(40 * MS).ack("client");
        script.wait(5 * MS);
      }
    });
    expect(seen.exchanges).toHaveLength(3);
    expect(seen.holds).toEqual([]);
    expect(seen.exchanges.every(({ latencyNs }) => latencyNs === RTT)).toBe(true);
  });

  it("the first piece was lost and sent again", () => {
    const seen = scripted((script) => {
      const lost = script.send("client", 10);
      script.wait(205 * MS).resend(lost);
      script.wait(RTT).ack("server");
      script.wait(0.02 * MS).send("client", 90);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.holds).toEqual([]);
    expect(seen.resends).toMatchObject([{ kind: "rto", packets: [4, 5], waitedNs: 205 * MS, bytes: 10 }]);
    expect(seen.exchanges[0]?.breakdownNs).toMatchObject({ loss: 205 * MS, senderHold: 0 });
  });

  it("the peer acknowledges at once", () => {
    const seen = scripted((script) => {
      for (let i = 0; i < 5; i++) stalled(script, { delayNs: 0.05 * MS });
    });
    expect(seen.exchanges).toHaveLength(5);
    expect(seen.holds).toEqual([]);
  });

  it("two full segments and a tail, all at once", () => {
    const seen = scripted((script) => {
      script.send("client", 1460);
      script.send("client", 1460);
      script.send("client", 100);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.nagleOffs).toEqual([]);
    expect(seen.exchanges[0]).toMatchObject({ requestSegments: 3, smallRequestSegments: 0 });
  });

  it("segments that are full for the end's own link are not small, though the other would take more", () => {
    const seen = scripted(
      (script) => {
        script.send("server", 1388);
        script.send("server", 1388);
        script.send("server", 1388);
      },
      { server: { mss: 1400 }, client: { mss: 8960 }, timestamps: true },
    );
    expect(seen.flows[0]?.mss).toEqual([1388, 1388]);
    expect(seen.nagleOffs).toEqual([]);
  });

  it("data of the peer in between", () => {
    const seen = scripted((script) => {
      script.send("client", 10);
      script.wait(RTT + 40 * MS).send("server", 5);
      script.wait(0.02 * MS).send("client", 90);
      script.wait(RTT).send("server", 50);
    });
    expect(seen.holds).toEqual([]);
  });

  it("the peer's window had no room for the piece", () => {
    const seen = scripted((script) => {
      script.send("client", 10);
      script.wait(RTT + 40 * MS).ack("server", { window: 50 });
      script.wait(0.02 * MS).send("client", 90);
    });
    expect(seen.holds).toEqual([]);
  });
});
