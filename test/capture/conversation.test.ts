import { describe, expect, it } from "vitest";
import { decode } from "../../src/capture/decode/decode.js";
import { Packet } from "../../src/capture/decode/packet.js";
import { ACK, FIN, PSH, RST, SYN } from "./build-packet.js";
import { Conversation, type ConversationFields } from "./conversation.js";

/** What the decoder makes of the script: from, relative seq and ack, flags, payload length. */
function seen(conversation: Conversation): (readonly [string, number, number, number, number])[] {
  const packet = new Packet();
  return conversation.records().map((record) => {
    expect(decode(record, packet)).toBe("tcp");
    const fromClient = packet.dstPort === 11_211;
    const seq = (packet.seq - (fromClient ? 1000 : 5_000_000)) >>> 0;
    const ack = (packet.flags & ACK) === 0 ? 0 : (packet.ack - (fromClient ? 5_000_000 : 1000)) >>> 0;
    return [fromClient ? "client" : "server", seq, ack, packet.flags, packet.payloadLength];
  });
}

describe("a scripted conversation", () => {
  it("keeps sequence numbers and ACKs", () => {
    const script = new Conversation().handshake();
    const first = script.wait(1e6).send("client", "get ");
    script.wait(40e6).ack("server");
    script.send("client", 6);
    script.wait(1e6).send("server", "END\r\n");
    script.wait(1e6).resend(first);
    script.fin("client");
    script.reset("server");
    expect(seen(script)).toEqual([
      ["client", 0, 0, SYN, 0],
      ["server", 0, 1, SYN | ACK, 0],
      ["client", 1, 1, ACK, 0],
      ["client", 1, 1, PSH | ACK, 4],
      ["server", 1, 5, ACK, 0],
      ["client", 5, 1, PSH | ACK, 6],
      ["server", 1, 11, PSH | ACK, 5],
      ["client", 1, 6, PSH | ACK, 4],
      ["client", 11, 6, FIN | ACK, 0],
      ["server", 6, 12, RST | ACK, 0],
    ]);
    expect(first).toMatchObject({ seq: 1001, end: 1005, number: 4 });
    expect(script.records().map((record) => record.atNs)).toEqual(
      [0, 0.05, 0.1, 1.1, 41.1, 41.1, 42.1, 43.1, 43.1, 43.1].map((ms) => Math.round(ms * 1e6)),
    );
  });

  it("a segment that is not in the capture is counted all the same", () => {
    const script = new Conversation().handshake();
    expect(script.send("client", 10, { unseen: true }).number).toBe(0);
    script.send("client", 5);
    script.ack("server", { ack: 1001 });
    expect(seen(script).slice(3)).toEqual([
      ["client", 11, 1, PSH | ACK, 5],
      ["server", 1, 1, ACK, 0],
    ]);
  });

  it.each<[string, ConversationFields, Partial<Packet>]>([
    [
      "options of the SYN",
      { client: { mss: 1400, windowScale: 7 }, sack: true },
      { mss: 1400, windowScale: 7, sackPermitted: true },
    ],
    ["timestamps", { startNs: 3e6, timestamps: true }, { timestampValue: 1_000_003, timestampEcho: 1_000_003 }],
    ["IPv6", { client: { address: "::1" }, server: { address: "::2" } }, { version: 6, src3: 1, dst3: 2 }],
    ["a sequence number that wraps", { client: { isn: 0xffff_ffff, window: 5 } }, { seq: 0xffff_ffff, window: 5 }],
  ])("%s", (_name, fields, expected) => {
    const packet = new Packet();
    const script = new Conversation(fields);
    script.syn("client");
    expect(decode(script.records()[0]!, packet)).toBe("tcp");
    expect(packet).toMatchObject(expected);
    expect(script.nextSeq("client")).toBe(((fields.client?.isn ?? 1000) + 1) >>> 0);
  });

  it("several share one capture, in the order of time", () => {
    const first = new Conversation();
    const second = new Conversation({ into: first.frames, client: { port: 2 }, startNs: 10 });
    second.syn("client");
    first.syn("client");
    expect(first.records().map(({ number, atNs }) => [number, atNs])).toEqual([
      [1, 0],
      [2, 10],
    ]);
  });
});
