import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/capture/decode/address.js";
import type { FlowKey } from "../../src/capture/filter/filter.js";
import { parseFilter } from "../../src/capture/filter/filter-parser.js";
import type { CaptureProtocol } from "../../src/capture/flows/flow-events.js";
import { NetlatError } from "../../src/errors.js";

function key(a: string, aPort: number, b: string, bPort: number): FlowKey {
  const [a0, a1, a2, a3] = parseAddress(a)!;
  const [b0, b1, b2, b3] = parseAddress(b)!;
  return { transport: "tcp", version: a.includes(":") ? 6 : 4, a0, a1, a2, a3, aPort, b0, b1, b2, b3, bPort };
}

const cache = key("10.0.0.1", 40_000, "10.0.0.2", 11_211);
const web = key("192.168.7.9", 50_000, "203.0.113.5", 443);
const six = key("2001:db8::1", 50_001, "2001:db8:1::2", 6379);

const wanted = (filter: string, flow: FlowKey, protocol: CaptureProtocol = "unknown") =>
  parseFilter(filter).matches(flow, protocol);

describe("terms", () => {
  // Which of cache, web and six are wanted.
  it.each([
    ["host 10.0.0.1", [true, false, false]],
    ["host 10.0.0.2", [true, false, false]],
    ["host 10.0.0.3", [false, false, false]],
    ["src host 10.0.0.1", [true, false, false]],
    ["dst host 10.0.0.1", [false, false, false]],
    ["src 10.0.0.1", [true, false, false]],
    ["dst 10.0.0.1", [false, false, false]],
    ["10.0.0.2", [true, false, false]],
    ["host 2001:DB8:0::1", [false, false, true]],
    ["port 443", [false, true, false]],
    ["port 0443", [false, true, false]],
    ["src port 443", [false, false, false]],
    ["dst port 443", [false, true, false]],
    ["net 10.0.0.0/8", [true, false, false]],
    ["net 10.9.9.9/8", [true, false, false]],
    ["net 10.0.0.1/32", [true, false, false]],
    ["net 10.0.0.0/30", [true, false, false]],
    ["net 10.0.0.4/30", [false, false, false]],
    ["net 0.0.0.0/0", [true, true, false]],
    ["net ::/0", [false, false, true]],
    ["net 2001:db8::/32", [false, false, true]],
    ["src net 2001:db8:1::/48", [false, false, false]],
    ["dst net 2001:db8:1::/48", [false, false, true]],
    ["net 128.0.0.0/1", [false, true, false]],
    ["10.0.0.2:11211", [true, false, false]],
    // Both must be of one end, unlike `host 10.0.0.1 and port 11211`.
    ["10.0.0.1:11211", [false, false, false]],
    ["host 10.0.0.1 and port 11211", [true, false, false]],
    ["dst 203.0.113.5:443", [false, true, false]],
    ["[2001:db8:1::2]:6379", [false, false, true]],
    ["proto tcp", [true, true, true]],
    ["not proto tcp", [false, false, false]],
    ["tcp port 443", [false, true, false]],
  ])("%s", (filter, expected) => {
    expect([cache, web, six].map((flow) => wanted(filter, flow))).toEqual(expected);
    expect(parseFilter(filter).needsProtocol).toBe(false);
    expect([cache, web, six].map((flow) => parseFilter(filter).admits(flow))).toEqual(expected);
  });
});

describe("and, or, not, parentheses", () => {
  it.each([
    ["port 443 or port 11211", [true, true, false]],
    ["port 443 || port 11211", [true, true, false]],
    ["not port 443", [true, false, true]],
    ["!port 443", [true, false, true]],
    ["not not port 443", [false, true, false]],
    ["port 443 and host 10.0.0.1 or port 6379", [false, false, true]],
    ["port 6379 or port 443 and host 10.0.0.1", [false, false, true]],
    ["(port 6379 or port 443)&&net 192.168.0.0/16", [false, true, false]],
    ["not (port 6379 or port 443)", [true, false, false]],
    ["not port 6379 and not port 443", [true, false, false]],
    ["((PORT 443)) OR NOT (Host 10.0.0.1)", [false, true, true]],
    ["host 10.0.0.1 port 11211", [true, false, false]],
  ])("%s", (filter, expected) => {
    expect([cache, web, six].map((flow) => wanted(filter, flow))).toEqual(expected);
  });
});

describe("proto", () => {
  it("is decided when the flow's protocol is known; until then the flow is admitted", () => {
    const filter = parseFilter("proto Memcached");
    expect(filter.needsProtocol).toBe(true);
    expect(filter.admits(cache)).toBe(true);
    expect(filter.matches(cache, "memcached")).toBe(true);
    expect(filter.matches(cache, "redis")).toBe(false);
    expect(parseFilter("proto unknown").matches(cache, "unknown")).toBe(true);
  });

  it("does not keep a flow that the rest refuses, whatever its protocol", () => {
    const filter = parseFilter("proto memcached and port 11211");
    expect(filter.admits(cache)).toBe(true);
    expect(filter.admits(web)).toBe(false);
    expect(filter.matches(web, "memcached")).toBe(false);
  });

  it("does not hinder a flow that the rest wants", () => {
    const filter = parseFilter("port 443 or not proto memcached");
    expect(filter.matches(web, "memcached")).toBe(true);
    expect(filter.admits(cache)).toBe(true);
    expect(filter.matches(cache, "memcached")).toBe(false);
    expect(filter.matches(cache, "tls")).toBe(true);
  });
});

describe("QUIC", () => {
  const quic: FlowKey = { ...web, transport: "udp" };

  it.each(["udp", "quic", "proto udp", "proto quic", "udp port 443", "not tcp"])("%s", (filter) => {
    expect([wanted(filter, quic, "h3"), wanted(filter, quic, "quic"), wanted(filter, web, "tls")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is told by what is spoken in it, once that is known", () => {
    expect(parseFilter("proto h3").admits(quic)).toBe(true);
    expect([wanted("proto h3", quic, "h3"), wanted("proto h3", quic, "doq")]).toEqual([true, false]);
  });

  it("is nothing of TCP's protocols, and the other way round", () => {
    expect([parseFilter("proto memcached").admits(quic), parseFilter("proto doq").admits(web)]).toEqual([false, false]);
  });
});

describe("wrong filters", () => {
  it.each([
    ["", /empty/],
    ["   ", /empty/],
    ["host", /"host" lacks its value/],
    ["host example.com", /host example\.com: not an address.*10\.0\.0\.1/],
    ["host 10.0.0.300", /10\.0\.0\.300/],
    ["port http", /port http: not a port.*65535/],
    ["port 65536", /65536/],
    ["port -1", /-1/],
    ["net 10.0.0.0", /net 10\.0\.0\.0: not a network.*10\.0\.0\.0\/8/],
    ["net 10.0.0.0/33", /10\.0\.0\.0\/33/],
    ["net 10.0.0.0/8/9", /\/8\/9/],
    ["net ::/129", /::\/129/],
    ["proto sctp", /proto sctp: not a protocol.*tcp, udp, memcached, redis/],
    ["proto constructor", /proto constructor/],
    ["src", /missing after "src"/],
    ["src proto tcp", /"proto" is not understood/],
    ["hots 10.0.0.1", /"hots" is not understood; write host/],
    ["port 443 or", /missing after "or"/],
    ["port 443 or 80", /"80" is not understood/],
    ["(port 443", /not closed.*after "443"/],
    ["port 443)", /unexpected "\)"/],
    ["()", /"\)" is not understood/],
    ["port 443 & port 80", /"&" is not understood/],
    ["10.0.0.1:99999", /10\.0\.0\.1:99999/],
    ["2001:db8::1:x", /2001:db8::1:x/],
    ["a\u001b[31mb", /a\\x1b\[31mb/],
    ["(".repeat(100_000), /more than 100 parentheses/],
    ["z".repeat(100_000), /zzz\.\.\./],
  ])("%.60s", (filter, message) => {
    const error = failure(filter);
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error?.message).toMatch(message);
    expect(error?.message.length).toBeLessThan(300);
    expect(error?.message).not.toContain("\n");
  });

  it("throws nothing else, whatever the text", () => {
    const word = fc.constantFrom(
      ...["host", "port", "net", "proto", "src", "dst", "and", "or", "not", "(", ")", "!", "tcp", "memcached"],
      ...["10.0.0.1", "10.0.0.0/8", "::1", "::/0", "[::1]:1", "1.2.3.4:5", "443", "&&", "||", "&", "", "[", "]:1"],
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (filter) => {
        const error = failure(filter);
        if (error !== null) expect(error).toMatchObject({ exitCode: 2 });
        else expect(typeof wanted(filter, cache)).toBe("boolean");
      }),
      { numRuns: 2000 },
    );
  });

  it("a long chain is no danger to the stack", () => {
    const filter = Array.from({ length: 50_000 }, () => "not not port 1").join(" or ");
    expect(wanted(filter, cache)).toBe(false);
    expect(wanted(`${"not ".repeat(50_000)} port 11211`, cache)).toBe(true);
  });
});

/** The error that the filter is refused with; null: it is none. Anything but a NetlatError is thrown on. */
function failure(filter: string): NetlatError | null {
  try {
    parseFilter(filter);
    return null;
  } catch (error) {
    if (error instanceof NetlatError) return error;
    throw error;
  }
}
