/** Any chunking, lost and damaged bytes, and bytes that are nothing at all. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Plaintext, Sender } from "../../../src/protocols/tls/plaintext.js";
import { TlsSession } from "../../../src/protocols/tls/session.js";
import { type Conversation, converse, feed, keyLogOf, readAll, type Sent } from "./conversation.js";

const SAYS = ["short", "y".repeat(20_000), ..."abcdefghij".split(""), "z".repeat(3000), "end"];
const VERSIONS = [
  ["TLSv1.3", "TLS_AES_128_GCM_SHA256"],
  ["TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"],
  ["TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305"],
] as const;

/** Client and server one after the other would not be TLS: pieces keep the order of the conversation. */
function cut(sent: readonly Sent[], lengths: readonly number[]): Sent[] {
  const pieces: Sent[] = [];
  for (const { from, bytes } of sent) {
    for (let at = 0; at < bytes.length; ) {
      const length = lengths[pieces.length % lengths.length]!;
      pieces.push({ from, bytes: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return pieces;
}

const key = ({ from, bytes, start, end }: Plaintext) =>
  `${from} ${start}-${end} ${Buffer.from(bytes).toString("base64")}`;

describe.each(VERSIONS)("%s %s", (version, ciphers) => {
  let conversation: Conversation;
  let whole: Plaintext[];
  /** Where each end's hello is over. */
  const helloEnds: Record<Sender, number> = { client: 0, server: 0 };

  beforeAll(async () => {
    conversation = await converse({ client: { minVersion: version, maxVersion: version, ciphers }, says: SAYS });
    whole = readAll(conversation.sent, conversation.keys).read;
    for (const from of ["client", "server"] as const) {
      const { bytes } = conversation.sent.find((one) => one.from === from)!;
      helloEnds[from] = 5 + bytes[3]! * 256 + bytes[4]!;
    }
  });

  it("is read the same in any chunks", () => {
    const single = cut(conversation.sent, [1]);
    expect(readAll(single, conversation.keys).read.map(key)).toEqual(whole.map(key));
    const lengths = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, (some) => {
        expect(readAll(cut(conversation.sent, some), conversation.keys).read.map(key)).toEqual(whole.map(key));
      }),
      { numRuns: 20 },
    );
  });

  it("is read as far as it goes", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 3000 }), (length, chunk) => {
        const pieces = cut(conversation.sent, [chunk]);
        const some = readAll(pieces.slice(0, length % pieces.length), conversation.keys);
        expect(some.read.map(key)).toEqual(whole.slice(0, some.read.length).map(key));
        expect(some.session.state.state).toMatch(/^(handshake|plaintext-known)$/);
      }),
      { numRuns: 20 },
    );
  });

  /** Reads all but the bytes in [start, end) of one end. */
  function readWithout(from: Sender, start: number, end: number, chunk: number) {
    const session = new TlsSession(keyLogOf(conversation.keys));
    const at = { client: 0, server: 0 };
    const read: Plaintext[] = [];
    for (const piece of cut(conversation.sent, [chunk])) {
      const first = at[piece.from];
      at[piece.from] += piece.bytes.length;
      const before = piece.from === from ? piece.bytes.subarray(0, Math.max(0, start - first)) : piece.bytes;
      const behind = piece.from === from ? piece.bytes.subarray(Math.max(0, end - first)) : new Uint8Array(0);
      read.push(...session.push(piece.from, before, first));
      if (piece.from === from) read.push(...session.push(from, behind, first + piece.bytes.length - behind.length));
    }
    return { session, read };
  }

  it("behind lost bytes every record that is whole is read, and the first says that something is missing", () => {
    const sender = fc.constantFrom<Sender>("client", "server");
    fc.assert(
      fc.property(sender, fc.nat(), fc.nat(9000), fc.integer({ min: 1, max: 3000 }), (from, at, length, chunk) => {
        const total = conversation.sent
          .filter((one) => one.from === from)
          .reduce((sum, one) => sum + one.bytes.length, 0);
        const start = helloEnds[from] + (at % (total - helloEnds[from]));
        const end = start + length;
        const { read, session } = readWithout(from, start, end, chunk);
        const survives = (one: Plaintext) => one.from !== from || length === 0 || one.end <= start || one.start >= end;
        expect(read.map(key)).toEqual(whole.filter(survives).map(key));
        expect(session.state).toEqual({ state: "plaintext-known" });
        const late = read.filter(({ afterLoss }) => afterLoss);
        const next = read.find((one) => one.from === from && one.start >= end);
        expect(late).toEqual(length === 0 || next === undefined ? [] : [next]);
      }),
      { numRuns: 60 },
    );
  });

  it("what a damaged byte spoils is not read, and nothing else is made up", () => {
    const known = () => new Set(whole.map(key));
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const piece = conversation.sent.findIndex((_, index) => index === 2 + (at % (conversation.sent.length - 2)));
        const damaged = conversation.sent.map((one, index) => {
          if (index !== piece) return one;
          const bytes = Uint8Array.from(one.bytes);
          bytes[at % bytes.length]! ^= flip;
          return { ...one, bytes };
        });
        const { read } = readAll(damaged, conversation.keys);
        for (const one of read) expect(known().has(key(one))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("reads on behind a record that does not open", () => {
    const target = whole.find(({ from, bytes }) => from === "server" && bytes.length > 2000)!;
    let at = 0;
    const damaged = conversation.sent.map((one) => {
      if (one.from !== "server") return one;
      const bytes = Uint8Array.from(one.bytes);
      const inside = target.start + 100 - at;
      if (inside >= 0 && inside < bytes.length) bytes[inside]! ^= 1;
      at += bytes.length;
      return { ...one, bytes };
    });
    const { read } = readAll(damaged, conversation.keys);
    expect(read.map(key)).toEqual(whole.filter((one) => one !== target).map(key));
    expect(read.filter(({ afterLoss }) => afterLoss).map(({ start }) => start)).toEqual([target.end]);
  });

  it("bytes that come again are passed over", () => {
    const session = new TlsSession(keyLogOf(conversation.keys));
    const at = { client: 0, server: 0 };
    const read: Plaintext[] = [];
    for (const { from, bytes } of cut(conversation.sent, [1448])) {
      const again = Math.max(0, at[from] - 500);
      const stream = Buffer.concat(conversation.sent.filter((one) => one.from === from).map((one) => one.bytes));
      read.push(...session.push(from, stream.subarray(again, at[from] + bytes.length), again));
      read.push(...session.push(from, stream.subarray(again, again + 100), again));
      at[from] += bytes.length;
    }
    expect(read.map(key)).toEqual(whole.map(key));
  });

  it("never throws on any bytes behind the hellos", () => {
    const hellos = conversation.sent
      .slice(0, 2)
      .map(({ from, bytes }) => ({ from, bytes: bytes.subarray(0, helloEnds[from]) }));
    fc.assert(
      fc.property(anything, (pushes) => {
        const session = new TlsSession(keyLogOf(conversation.keys));
        feed(session, hellos);
        for (const { from, bytes, position } of pushes) {
          expect(session.push(from, bytes, helloEnds[from] + position)).toEqual([]);
        }
        expect(wordsOf(session)).toMatch(/^[ -~]{0,200}$/);
      }),
      { numRuns: 40 },
    );
  });
});

const byteRuns = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .constantFrom(
      "1703030011",
      "160303",
      "1403030001 01",
      "1503030002 0228",
      "1603010005 01000001",
      "16030300",
      "02000050",
      "ffff",
    )
    .map((text) => Uint8Array.from(Buffer.from(text.replace(" ", ""), "hex"))),
  fc.integer({ min: 0, max: 40_000 }).map((length) => new Uint8Array(length).fill(0x17)),
  fc.integer({ min: 0, max: 2000 }).map((count) => Uint8Array.from(Buffer.from("1703030011".repeat(count), "hex"))),
);
const anything = fc.array(
  fc.record({
    from: fc.constantFrom<Sender>("client", "server"),
    bytes: fc.array(byteRuns, { maxLength: 6 }).map((runs) => Uint8Array.from(Buffer.concat(runs))),
    position: fc.oneof(fc.nat(100), fc.nat(2 ** 31)),
  }),
  { maxLength: 12 },
);

const wordsOf = ({ state, sni, alpn, alpnOffered, version, suite, resumed }: TlsSession): string =>
  [...("reason" in state ? [state.reason] : []), sni, alpn, ...alpnOffered, version, suite, resumed].join(" ");

describe("bytes of any kind", () => {
  it("never throw", () => {
    fc.assert(
      fc.property(anything, (pushes) => {
        const session = new TlsSession(keyLogOf(""));
        for (const { from, bytes, position } of pushes) {
          expect(session.push(from, bytes, position)).toEqual([]);
        }
        expect(wordsOf(session)).toMatch(/^[ -~]{0,200}$/);
      }),
    );
  });

  it("nor do hellos with any byte changed", async () => {
    const { sent, keys } = await converse({ client: { ALPNProtocols: ["h2"] } });
    fc.assert(
      fc.property(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (which, changes) => {
          const hellos = sent.slice(0, 2).map(({ from, bytes }) => ({ from, bytes: Uint8Array.from(bytes) }));
          for (const [at, byte] of changes)
            hellos[which]!.bytes[at % Math.min(200, hellos[which]!.bytes.length)] = byte;
          const { session } = readAll([...hellos, ...sent.slice(2)], keys);
          expect(session.state.state).toMatch(/^[a-z-]+$/);
          expect(wordsOf(session)).toMatch(/^[ -~]*$/);
        },
      ),
      { numRuns: 300 },
    );
  });
});
