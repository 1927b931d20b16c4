import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import {
  addressFamily,
  authenticationHeader,
  ethernet,
  extension,
  fragmentHeader,
  geneve,
  gre,
  hdlc,
  ipv4,
  ipv6,
  join,
  linuxCooked,
  linuxCooked2,
  mpls,
  ppp,
  pppoe,
  type RecordFields,
  record,
  snap,
  tcp,
  u16,
  u32,
  udp,
  vxlan,
} from "../build-packet.js";

const segment = tcp({ srcPort: 40_001, dstPort: 6379, seq: 0xfffffff0, ack: 0x80000001, flags: 0x18, payload: "PING" });
const inner4 = ipv4(segment, { src: "192.0.2.1", dst: "198.51.100.7" });
const inner6 = ipv6(segment, { src: "2001:db8::a", dst: "fe80::1" });

function decoded(bytes: Uint8Array, fields: RecordFields = {}): { outcome: string; packet: Packet } {
  const packet = new Packet();
  return { outcome: decode(record(bytes, fields), packet), packet };
}

/** The segment above was found, whole, and with the addresses of the version. */
function expectSegment({ outcome, packet }: { outcome: string; packet: Packet }, version: 4 | 6): void {
  expect(outcome).toBe("tcp");
  expect(packet).toMatchObject({ version, srcPort: 40_001, dstPort: 6379, seq: 0xfffffff0, ack: 0x80000001 });
  expect(packet).toMatchObject({ flags: 0x18, window: 65_535, payloadLength: 4, payloadCaptured: 4 });
  const payload = packet.bytes.subarray(packet.payloadStart, packet.payloadStart + packet.payloadCaptured);
  expect(Buffer.from(payload).toString()).toBe("PING");
  const words = [
    packet.src0,
    packet.src1,
    packet.src2,
    packet.src3,
    packet.dst0,
    packet.dst1,
    packet.dst2,
    packet.dst3,
  ];
  expect(words).toEqual(
    version === 4
      ? [0, 0, 0xffff, 0xc0000201 | 0, 0, 0, 0xffff, 0xc6336407 | 0]
      : [0x20010db8, 0, 0, 10, 0xfe800000 | 0, 0, 0, 1],
  );
}

describe("link types", () => {
  const cases: readonly (readonly [string, number, Uint8Array, 4 | 6])[] = [
    ["Ethernet, IPv4", 1, ethernet(inner4), 4],
    ["Ethernet, IPv6", 1, ethernet(inner6), 6],
    ["Ethernet, padding behind the packet", 1, ethernet(inner4, { padTo: 90 }), 4],
    ["802.1Q", 1, ethernet(inner4, { tags: [[0x8100, 7]] }), 4],
    [
      "802.1ad around 802.1Q",
      1,
      ethernet(inner6, {
        tags: [
          [0x88a8, 9],
          [0x8100, 7],
        ],
      }),
      6,
    ],
    [
      "three tags",
      1,
      ethernet(inner4, {
        tags: [
          [0x9100, 9],
          [0x8100, 8],
          [0x8100, 7],
        ],
      }),
      4,
    ],
    ["802.3 with SNAP", 1, snap(inner4), 4],
    ["MPLS, two labels", 1, ethernet(mpls(inner6), { etherType: 0x8847 }), 6],
    ["PPPoE session in Ethernet", 1, ethernet(pppoe(inner4), { etherType: 0x8864 }), 4],
    ["PPPoE", 51, pppoe(inner6), 6],
    ["Linux cooked v1, IPv4", 113, linuxCooked(inner4), 4],
    ["Linux cooked v1, IPv6", 113, linuxCooked(inner6), 6],
    ["Linux cooked v1, tagged", 113, linuxCooked(join(u16(7), u16(0x0800), inner4), 0x8100), 4],
    ["Linux cooked v2, IPv4", 276, linuxCooked2(inner4), 4],
    ["Linux cooked v2, IPv6", 276, linuxCooked2(inner6), 6],
    ["raw 101, IPv4", 101, inner4, 4],
    ["raw 101, IPv6", 101, inner6, 6],
    ["raw 12", 12, inner4, 4],
    ["raw 14", 14, inner6, 6],
    ["raw IPv4", 228, inner4, 4],
    ["raw IPv6", 229, inner6, 6],
    ["null, little-endian", 0, addressFamily(2, "little", inner4), 4],
    ["null, big-endian", 0, addressFamily(2, "big", inner4), 4],
    ["null, IPv6 of macOS", 0, addressFamily(30, "little", inner6), 6],
    ["null, IPv6 of FreeBSD, big-endian", 0, addressFamily(28, "big", inner6), 6],
    ["null, IPv6 of OpenBSD", 0, addressFamily(24, "little", inner6), 6],
    ["null, IPv6 of Linux", 0, addressFamily(10, "little", inner6), 6],
    ["loop", 108, addressFamily(2, "big", inner4), 4],
    ["loop, wrong way round", 108, addressFamily(24, "little", inner6), 6],
    ["PPP, IPv4", 9, ppp(inner4), 4],
    ["PPP, IPv6", 9, ppp(inner6), 6],
    ["PPP without address and control", 9, join(u16(0x21), inner4), 4],
    ["PPP with a protocol of one byte", 50, join([0xff, 3, 0x21], inner4), 4],
    ["PPP, MPLS", 9, join([0xff, 3, 0x02, 0x81], mpls(inner4)), 4],
    ["Cisco HDLC", 104, hdlc(inner4), 4],
    ["Cisco HDLC in a file that says PPP", 9, hdlc(inner4), 4],
  ];
  it.each(cases)("%s", (_name, linkType, bytes, version) => {
    expectSegment(decoded(bytes, { linkType }), version);
  });

  it("what does not carry IP is told by reason", () => {
    expect(decoded(ethernet(new Uint8Array(28), { etherType: 0x0806 })).outcome).toBe("not-ip");
    expect(decoded(ethernet(new Uint8Array(40).fill(0x42), { etherType: 38 })).outcome).toBe("not-ip");
    expect(decoded(ethernet(join([0x11, 9], new Uint8Array(20)), { etherType: 0x8864 })).outcome).toBe("not-ip");
    expect(decoded(addressFamily(7, "little", inner4), { linkType: 0 }).outcome).toBe("not-ip");
    expect(decoded(Uint8Array.of(2, 0, 0, 2), { linkType: 0 }).outcome).toBe("not-ip");
    expect(decoded(join([0xff, 3, 0xc0, 0x21], inner4), { linkType: 9 }).outcome).toBe("not-ip");
    expect(decoded(Uint8Array.of(0x55, 0, 0, 0), { linkType: 101 }).outcome).toBe("not-ip");
    expect(decoded(inner4, { linkType: 147 }).outcome).toBe("unknown-link-type");
    expect(decoded(new Uint8Array(0)).outcome).toBe("not-ip");
    expect(decoded(new Uint8Array(9), { originalLength: 60 }).outcome).toBe("truncated-by-snap-length");
  });

  it("tags without end come to an end", () => {
    const tags = Array.from({ length: 2000 }, () => [0x8100, 1] as const);
    expect(decoded(ethernet(inner4, { tags })).outcome).toBe("other-protocol");
  });
});

describe("IPv4", () => {
  it("with options", () => {
    expectSegment(
      decoded(ethernet(ipv4(segment, { src: "192.0.2.1", dst: "198.51.100.7", options: new Uint8Array(12).fill(1) }))),
      4,
    );
  });

  it("fragments are counted, the first as well as the others", () => {
    expect(decoded(ethernet(ipv4(segment, { moreFragments: true }))).outcome).toBe("ip-fragment");
    expect(decoded(ethernet(ipv4(segment, { fragmentOffset: 185 }))).outcome).toBe("ip-fragment");
    expect(decoded(ethernet(ipv4(segment, { fragmentOffset: 1, moreFragments: true }))).outcome).toBe("ip-fragment");
  });

  it("total length 0, as offload leaves it: the record's length counts, though the snap length cut it", () => {
    const whole = ethernet(ipv4(tcp({ payload: 20_000 }), { totalLength: 0 }));
    expect(decoded(whole).packet).toMatchObject({ payloadLength: 20_000, payloadCaptured: 20_000 });
    const cut = decoded(whole, { capturedLength: 96 });
    expect(cut.outcome).toBe("tcp");
    expect(cut.packet).toMatchObject({ payloadLength: 20_000, payloadCaptured: 96 - 54 });
    expect(decoded(whole, { capturedLength: 96, originalLength: 0xffff_ffff }).outcome).toBe("malformed-ip");
  });

  it("a length that makes no sense is malformed", () => {
    expect(decoded(ethernet(ipv4(segment, { totalLength: 19 }))).outcome).toBe("malformed-ip");
    expect(decoded(ethernet(ipv4(segment, { totalLength: 30 }))).outcome).toBe("malformed-tcp");
    expect(decoded(ethernet(inner6, { etherType: 0x0800 })).outcome).toBe("malformed-ip");
    const shortHeader = Uint8Array.from(inner4);
    shortHeader[0] = 0x44;
    expect(decoded(ethernet(shortHeader)).outcome).toBe("malformed-ip");
    expect(decoded(ethernet(inner4.subarray(0, 12))).outcome).toBe("malformed-ip");
  });

  it("an IP length beyond the record is believed: a file may have been cut and its lengths rewritten", () => {
    const { outcome, packet } = decoded(ethernet(ipv4(tcp({ payload: 10 }), { totalLength: 20 + 20 + 1000 })));
    expect(outcome).toBe("tcp");
    expect(packet).toMatchObject({ payloadLength: 1000, payloadCaptured: 10 });
  });

  it("other protocols", () => {
    expect(decoded(ethernet(ipv4(new Uint8Array(8), { protocol: 1 }))).outcome).toBe("other-protocol");
    expect(decoded(ethernet(ipv4(new Uint8Array(12), { protocol: 132 }))).outcome).toBe("other-protocol");
  });
});

describe("IPv6", () => {
  const behind = (nextHeader: number, payload: Uint8Array) =>
    decoded(ethernet(ipv6(payload, { src: "2001:db8::a", dst: "fe80::1", nextHeader })));

  it.each([
    ["hop-by-hop options", 0, extension(6, 1, segment)],
    ["routing", 43, extension(6, 3, segment)],
    ["destination options", 60, extension(6, 2, segment)],
    ["an atomic fragment", 44, fragmentHeader(6, 0, false, segment)],
    ["authentication", 51, authenticationHeader(6, segment)],
    [
      "all of them",
      0,
      extension(43, 1, extension(60, 1, fragmentHeader(51, 0, false, authenticationHeader(6, segment)))),
    ],
  ])("%s", (_name, nextHeader, payload) => {
    expectSegment(behind(nextHeader, payload), 6);
  });

  it("fragments are counted", () => {
    expect(behind(44, fragmentHeader(6, 0, true, segment)).outcome).toBe("ip-fragment");
    expect(behind(44, fragmentHeader(6, 185, false, segment)).outcome).toBe("ip-fragment");
  });

  it("a header that claims more than there is", () => {
    expect(behind(60, join([6, 200], new Uint8Array(14))).outcome).toBe("malformed-ip");
    expect(behind(44, Uint8Array.of(6, 0, 0)).outcome).toBe("malformed-ip");
    expect(behind(60, Uint8Array.of(6)).outcome).toBe("malformed-ip");
  });

  it("no next header, ESP and unknown ones", () => {
    expect(behind(59, new Uint8Array(0)).outcome).toBe("other-protocol");
    expect(behind(50, segment).outcome).toBe("other-protocol");
    expect(behind(58, segment).outcome).toBe("other-protocol");
  });

  it("payload length 0 of an offloaded segment: the record's length counts", () => {
    const { packet } = decoded(ethernet(ipv6(tcp({ payload: 100_000 }), { payloadLength: 0 })));
    expect(packet).toMatchObject({ payloadLength: 100_000, payloadCaptured: 100_000 });
  });
});

describe("tunnels", () => {
  const around4 = (payload: Uint8Array, protocol: number) => ethernet(ipv4(payload, { protocol }));
  const cases: readonly (readonly [string, Uint8Array, 4 | 6])[] = [
    ["VXLAN", around4(vxlan(ethernet(inner4)), 17), 4],
    ["VXLAN, padded inner frame", around4(vxlan(ethernet(inner4, { padTo: 64 })), 17), 4],
    ["VXLAN, tagged inner frame", around4(vxlan(ethernet(inner6, { tags: [[0x8100, 5]] })), 17), 6],
    ["VXLAN on the port of Linux", around4(vxlan(ethernet(inner4), 8472), 17), 4],
    ["VXLAN over IPv6", ethernet(ipv6(vxlan(ethernet(inner6)), { nextHeader: 17 })), 6],
    ["Geneve with options", around4(geneve(ethernet(inner4), 2), 17), 4],
    ["GRE", around4(gre(inner4), 47), 4],
    ["GRE, IPv6 inside", around4(gre(inner6), 47), 6],
    ["GRE with a key", around4(gre(inner4, { key: true }), 47), 4],
    ["GRE with a checksum", around4(gre(inner4, { checksum: true }), 47), 4],
    ["GRE with all three", around4(gre(inner6, { checksum: true, key: true, sequence: true }), 47), 6],
    ["GRE, bridged Ethernet", around4(gre(ethernet(inner4, { padTo: 60 }), { type: 0x6558, key: true }), 47), 4],
    ["ERSPAN type I", around4(gre(ethernet(inner4), { type: 0x88be }), 47), 4],
    [
      "ERSPAN type II",
      around4(gre(join(new Uint8Array(8), ethernet(inner4)), { type: 0x88be, sequence: true }), 47),
      4,
    ],
    ["PPTP", around4(join(u16(0x3081), u16(0x880b), u32(0), u32(1), u32(2), ppp(inner4)), 47), 4],
    ["IPv4 in IPv4", around4(inner4, 4), 4],
    ["IPv6 in IPv4", around4(inner6, 41), 6],
    ["IPv4 in IPv6", ethernet(ipv6(inner4, { nextHeader: 4 })), 4],
    ["IPv6 in IPv6 behind options", ethernet(ipv6(extension(41, 1, inner6), { nextHeader: 60 })), 6],
    ["GRE in VXLAN", around4(vxlan(ethernet(ipv4(gre(inner6), { protocol: 47 }))), 17), 6],
  ];
  it.each(cases)("%s", (_name, bytes, version) => {
    expectSegment(decoded(bytes), version);
  });

  it("depth is bounded", () => {
    let packet = inner4;
    for (let depth = 0; depth < 100; depth++) packet = ipv4(packet, { protocol: 4 });
    expect(decoded(packet, { linkType: 101 }).outcome).toBe("other-protocol");
  });

  it("what is inside gives the reason", () => {
    expect(decoded(around4(vxlan(ethernet(new Uint8Array(28), { etherType: 0x0806 })), 17)).outcome).toBe("not-ip");
    expect(decoded(around4(gre(ipv4(udp(), { protocol: 17 })), 47)).outcome).toBe("udp");
    expect(decoded(around4(gre(ipv4(segment, { moreFragments: true })), 47)).outcome).toBe("ip-fragment");
  });

  it("a port alone does not make a tunnel", () => {
    expect(decoded(around4(udp({ dstPort: 4789, payload: "no" }), 17)).outcome).toBe("udp");
    expect(decoded(around4(udp({ dstPort: 4789, payload: new Uint8Array(60) }), 17)).outcome).toBe("udp");
    expect(decoded(around4(udp({ dstPort: 8472, payload: "\b\x01\0\0 and more text" }), 17)).outcome).toBe("udp");
    expect(decoded(around4(udp({ dstPort: 6081, payload: new Uint8Array(60).fill(0xff) }), 17)).outcome).toBe("udp");
  });

  it("GRE of another version, or with source routes, is not understood", () => {
    expect(decoded(around4(join(u16(0x0002), u16(0x0800), inner4), 47)).outcome).toBe("other-protocol");
    expect(decoded(around4(join(u16(0x4000), u16(0x0800), inner4), 47)).outcome).toBe("other-protocol");
  });
});

it("UDP is handed on with addresses, ports and payload, padding left out", () => {
  const frame = ethernet(ipv4(udp({ srcPort: 5000, dstPort: 443, payload: "hello" }), { protocol: 17 }), { padTo: 60 });
  const { outcome, packet } = decoded(frame);
  expect(outcome).toBe("udp");
  expect(packet).toMatchObject({ srcPort: 5000, dstPort: 443, src3: 0x0a000001, payloadLength: 5, payloadCaptured: 5 });
  expect(packet.payloadStart).toBe(14 + 20 + 8);
});

it("number and time come from the record", () => {
  expect(decoded(ethernet(inner4), { number: 17, atNs: -5 }).packet).toMatchObject({ number: 17, atNs: -5 });
});
