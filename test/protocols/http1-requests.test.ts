import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Http1Requests } from "../../src/protocols/http1-requests.js";

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Ends of the requests in the text, and what each was, pushed in chunks. */
function read(text: string, cuts: readonly number[] = []): { ends: [number, string, boolean][]; malformed: boolean } {
  const requests = new Http1Requests();
  const bytes = bytesOf(text);
  const ends: [number, string, boolean][] = [];
  const edges = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    for (let at = edges[i - 1] as number; at < (edges[i] as number); ) {
      const state = requests.push(bytes, at, edges[i] as number);
      if (state.state === "malformed") return { ends, malformed: true };
      if (state.state === "incomplete") break;
      ends.push([state.end, requests.method, requests.wantsH2c]);
      at = state.end;
    }
  }
  return { ends, malformed: false };
}

const GET = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const POST = "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED = "PUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n";
const UPGRADE =
  "GET /d HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: foo, H2C\r\nHTTP2-Settings: AA\r\n\r\n";

describe("requests of HTTP/1", () => {
  it("each ends where it ends, in any chunks", () => {
    const text = `${GET}${POST}\r\n${CHUNKED}${UPGRADE}${GET}`;
    const whole = read(text);
    expect(whole.ends.map(([, method, h2c]) => [method, h2c])).toEqual([
      ["GET", false],
      ["POST", false],
      ["PUT", false],
      ["GET", true],
      ["GET", false],
    ]);
    expect(whole.ends.at(-1)?.[0]).toBe(text.length);
    expect(whole.ends[1]?.[0]).toBe(GET.length + POST.length);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        expect(read(text, cuts)).toEqual(whole);
      }),
    );
  });

  it.each([
    "hello\r\n",
    "GET / HTTP/2.0\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n",
    "POST / HTTP/1.1\r\nContent-Length: x\r\n",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ])("malformed: %j", (text) => expect(read(text).malformed).toBe(true));

  it("any bytes end in a state, and what never ends is bounded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { state } = new Http1Requests().push(bytes, 0, bytes.length);
        expect(["incomplete", "complete", "malformed"]).toContain(state);
      }),
    );
    expect(read(`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(20_000)}`).malformed).toBe(true);
    expect(read(`GET ${"x".repeat(100_000)}`).malformed).toBe(true);
  });
});
