/** Where a flow begins and ends, what becomes of it in between, and how many there can be. */
import { describe, expect, it } from "vitest";
import { Packet } from "../../../src/capture/decode/packet.js";
import { PacketNotes } from "../../../src/capture/flows/packet-notes.js";
import { Conversation, type Frame } from "../conversation.js";
import { observe } from "./observe.js";
import { calm, MS, RTT } from "./scripts.js";

/** The frames of several conversations, in the order of time. */
const all = (frames: Frame[]) => new Conversation({ into: frames }).records();

describe("a connection", () => {
  it("from its handshake to its FINs", () => {
    const script = new Conversation({
      client: { address: "2001:db8::1" },
      server: { address: "2001:db8::2", port: 6379 },
    });
    script.handshake(RTT, 0.01 * MS);
    calm(script);
    script.fin("client");
    script.wait(RTT).fin("server");
    script.ack("client");
    const seen = observe(script.records());
    expect(seen.handshakes).toEqual([RTT + 0.01 * MS]);
    expect(seen.ended).toEqual(["closed"]);
    const [flow] = seen.flows;
    expect(flow).toMatchObject({
      id: 1,
      exchanges: 1,
      packets: 8,
      bytes: 150,
      vantage: "client",
      protocol: "redis",
      startNs: 0,
    });
    const ends = [flow?.a, flow?.b];
    expect(ends[flow?.client ?? 2]).toEqual({ address: "2001:db8::1", port: 40_000 });
    expect(flow?.legNs[flow?.client === 0 ? 1 : 0]).toBe(RTT);
  });

  it.each([
    ["get key\r\n", 7777, "memcached"],
    ["*1\r\n$4\r\nPING\r\n", 7777, "redis"],
    ["GET / HTTP/1.1\r\n\r\n", 7777, "http1"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 7777, "h2"],
    ["\x16\x03\x01\x00\x05hello", 7777, "tls"],
    ["\x80\x81\x82\x83", 443, "unknown"],
  ])("speaks %j", (request, port, protocol) => {
    const script = new Conversation({ server: { port } }).handshake();
    script.send("client", request);
    script.wait(RTT).send("server", 10);
    expect(observe(script.records()).flows[0]?.protocol).toBe(protocol);
  });

  it("on the ports of an earlier one is another", () => {
    const frames: Frame[] = [];
    const first = new Conversation({ into: frames }).handshake();
    calm(first);
    first.fin("client");
    first.wait(RTT).fin("server");
    for (const isn of [77_000, 99_000]) {
      const again = new Conversation({ into: frames, startNs: first.nowNs + isn * 1000, client: { isn } }).handshake();
      calm(again);
    }
    const seen = observe(all(frames));
    expect(seen.flows.map(({ exchanges }) => exchanges)).toEqual([1, 1, 1]);
    expect(seen.ended).toEqual(["closed", "idle", "end-of-capture"]);
    expect(seen.resends).toEqual([]);
  });

  it("that was silent for long begins anew, but not one that has ended", () => {
    const script = new Conversation().handshake();
    calm(script);
    script.wait(3600e9);
    calm(script);
    script.reset("server");
    script.wait(7200e9).ack("client");
    const seen = observe(script.records());
    expect(seen.flows.map(({ exchanges, handshakeSeen }) => [exchanges, handshakeSeen])).toEqual([
      [1, true],
      [1, false],
    ]);
    expect(seen.ended).toEqual(["idle", "reset"]);
  });

  it("refused, or broken off while somebody waits", () => {
    const refused = new Conversation();
    refused.syn("client");
    refused.wait(RTT).reset("server");
    expect(observe(refused.records()).resets).toMatchObject([{ duringExchange: true }]);
    for (const answered of [true, false]) {
      const script = new Conversation().handshake();
      script.send("client", 100);
      if (answered) script.wait(RTT).send("server", 50);
      script.wait(RTT).reset("server");
      const seen = observe(script.records());
      expect(seen.resets).toMatchObject([{ duringExchange: !answered, packet: answered ? 6 : 5 }]);
      expect(seen.exchanges).toHaveLength(answered ? 1 : 0);
    }
  });

  it("greets first: the server's greeting is no answer", () => {
    const script = new Conversation().handshake();
    script.wait(1 * MS).send("server", "220 mail.example\r\n");
    script.wait(1 * MS).send("client", "EHLO client\r\n");
    script.wait(RTT).send("server", "250 hello\r\n");
    const seen = observe(script.records());
    expect(seen.exchanges).toMatchObject([{ requestBytes: 13, answerBytes: 11, latencyNs: RTT }]);
  });
});

describe("many flows", () => {
  const one = (frames: Frame[], number: number) => {
    const client = { address: `10.1.${number >> 8}.${number & 255}`, port: 40_000 + (number % 7) };
    calm(new Conversation({ into: frames, startNs: number * 10 * MS, client }).handshake());
  };

  it("are all told of, however often the table has grown", () => {
    const frames: Frame[] = [];
    for (let number = 0; number < 3000; number++) one(frames, number);
    const seen = observe(all(frames), { maxFlows: 4096 });
    expect(seen.flows).toHaveLength(3000);
    expect(seen.exchanges).toHaveLength(3000);
    expect(new Set(seen.flows.map(({ a, b }) => `${a.address}:${a.port} ${b.address}`)).size).toBe(3000);
    expect(seen.ended).toEqual(Array(3000).fill("end-of-capture"));
  });

  it("beyond the bound make room: those silent longest go, and say so", () => {
    const frames: Frame[] = [];
    for (let number = 0; number < 1000; number++) one(frames, number);
    const seen = observe(all(frames), { maxFlows: 64 });
    expect(seen.flows).toHaveLength(1000);
    expect(seen.exchanges).toHaveLength(1000);
    expect(seen.ended.filter((why) => why === "evicted")).toHaveLength(936);
    // What was told of a flow stays told when its record serves another.
    expect(seen.flows.map(({ id, exchanges, packets }) => [id, exchanges, packets])).toEqual(
      seen.flows.map((_, index) => [index + 1, 1, 5]),
    );
    expect(seen.flows[7]?.startNs).toBe(70 * MS);
  });

  it("a single place is enough for one after the other", () => {
    const frames: Frame[] = [];
    for (let number = 0; number < 20; number++) one(frames, number);
    expect(observe(all(frames), { maxFlows: 1 }).exchanges).toHaveLength(20);
  });
});

describe("the notes of packets", () => {
  const noted = (notes: PacketNotes, number: number, earlier: number) =>
    notes.take(
      Object.assign(new Packet(), { number, atNs: number * 10, payloadLength: number * 2, flags: 24 }),
      1,
      earlier,
    );

  it("are the last 16 of a flow, oldest first", () => {
    const notes = new PacketNotes();
    let last = 0;
    for (let number = 1; number <= 40; number++) {
      last = noted(notes, number, last);
      noted(notes, 1000 + number, 0);
    }
    const told = notes.between(last, 1, 1e9);
    expect(told.map(({ number }) => number)).toEqual(Array.from({ length: 16 }, (_, i) => 25 + i));
    expect(told[0]).toEqual({ number: 25, atNs: 250, from: 1, bytes: 50, flags: 24 });
    expect(notes.between(0, 1, 1e9)).toEqual([]);
  });

  it("are forgotten when the ring has gone round", () => {
    const notes = new PacketNotes();
    const first = noted(notes, 1, 0);
    for (let i = 1; i < 2 ** 18; i++) noted(notes, 2, 0);
    expect(notes.between(first, 1, 1e9)).toHaveLength(1);
    noted(notes, 3, 0);
    expect(notes.between(first, 1, 1e9)).toEqual([]);
  });
});
