import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseClientHello, parseEncryptedExtensions, parseServerHello } from "../../../src/protocols/tls/hello.js";

const u16 = (value: number) => [value >> 8, value & 0xff];
const vector8 = (content: readonly number[]) => [content.length, ...content];
const vector16 = (content: readonly number[]) => [...u16(content.length), ...content];
const ascii = (text: string) => [...Buffer.from(text, "latin1")];
const extension = (type: number, content: readonly number[]) => [...u16(type), ...vector16(content)];
const serverName = (name: string) => extension(0, vector16([0, ...vector16(ascii(name))]));
const alpn = (...names: string[]) => extension(16, vector16(names.flatMap((name) => vector8(ascii(name)))));
const RANDOM = Array.from({ length: 32 }, (_, index) => index);

const clientHello = (suites: readonly number[], ...extensions: number[][]) =>
  Uint8Array.from([
    ...u16(0x0303),
    ...RANDOM,
    ...vector8([7, 7]),
    ...vector16(suites.flatMap(u16)),
    ...vector8([0]),
    ...vector16(extensions.flat()),
  ]);

describe("a ClientHello", () => {
  it("says who is asked, for what, in which versions, without what GREASE adds", () => {
    const versions = extension(43, vector8([...u16(0x3a3a), ...u16(0x0304), ...u16(0x0303)]));
    const hello = clientHello(
      [0x1a1a, 0x1301, 0xc02f],
      serverName("a.example"),
      alpn("\x2a\x2a", "h2", "http/1.1"),
      versions,
    );
    expect(parseClientHello(hello)).toEqual({
      random: Uint8Array.from(RANDOM),
      sessionId: Uint8Array.of(7, 7),
      cipherSuites: [0x1301, 0xc02f],
      sni: "a.example",
      alpn: ["h2", "http/1.1"],
      versions: [0x0304, 0x0303],
      earlyData: false,
    });
  });

  it("of TLS 1.2 may have no extensions, and says its version itself", () => {
    const bare = clientHello([0x002f]);
    expect(parseClientHello(bare.subarray(0, bare.length - 2))).toMatchObject({
      versions: [0x0303],
      sni: undefined,
      alpn: [],
    });
  });

  it("shows names of any bytes in printable form", () => {
    const hello = clientHello([0x1301], serverName("evil\x1b[2J\r\n\xff"), alpn("h2\x00"));
    expect(parseClientHello(hello)).toMatchObject({ sni: "evil\\x1b[2J\\r\\n\\xff", alpn: ["h2\\x00"] });
  });

  it("that is cut anywhere is none, or has no extensions", () => {
    const hello = clientHello([0x1301], serverName("a.example"), alpn("h2"));
    for (let length = 0; length < hello.length; length++) {
      const cut = parseClientHello(hello.subarray(0, length));
      if (cut !== undefined) expect(cut).toMatchObject({ sni: undefined, alpn: [], versions: [0x0303] });
    }
  });
});

describe("a ServerHello", () => {
  const serverHello = (random: readonly number[], ...extensions: number[][]) =>
    Uint8Array.from([...u16(0x0303), ...random, ...vector8([]), ...u16(0x1302), 0, ...vector16(extensions.flat())]);

  it("chooses", () => {
    const chosen = parseServerHello(serverHello(RANDOM, extension(43, u16(0x0304)), extension(41, u16(0))));
    expect(chosen).toMatchObject({ version: 0x0304, cipherSuite: 0x1302, preSharedKey: true, isRetry: false });
    expect(parseServerHello(serverHello(RANDOM, alpn("h2")))).toMatchObject({ version: 0x0303, alpn: "h2" });
  });

  it("is a HelloRetryRequest by its random", () => {
    const random = [...Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex")];
    expect(parseServerHello(serverHello(random))).toMatchObject({ isRetry: true });
  });
});

it("no bytes make a parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseClientHello(bytes);
      parseServerHello(bytes);
      parseEncryptedExtensions(bytes);
    }),
  );
});
