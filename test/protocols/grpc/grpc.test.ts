import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grpcRequestHeaders, grpcResponseHeaders, isGrpcContentType } from "../../../src/protocols/grpc/call.js";
import {
  HEALTH_CHECK_PATH,
  healthRequest,
  healthResponse,
  readHealthRequest,
  readHealthResponse,
} from "../../../src/protocols/grpc/health.js";
import { frameGrpcMessage, GrpcMessageReader } from "../../../src/protocols/grpc/messages.js";
import {
  grpcStatusCode,
  grpcStatusName,
  grpcTrailers,
  readGrpcStatus,
  statusOfHttp,
  statusOfReset,
} from "../../../src/protocols/grpc/status.js";
import { encodeGrpcTimeout, parseGrpcTimeout } from "../../../src/protocols/grpc/timeout.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("messages", () => {
  test("come back in any chunking", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (sent, size) => {
          const stream = Buffer.concat(sent.map(frameGrpcMessage));
          const reader = new GrpcMessageReader();
          const got: string[] = [];
          for (let at = 0; at < stream.length; at += size) {
            const messages = reader.push(stream, at, Math.min(stream.length, at + size));
            if ("malformed" in messages) throw new Error(messages.malformed);
            got.push(...messages.map(({ bytes }) => hex(bytes)));
          }
          expect(got).toEqual(sent.map(hex));
          expect(reader.partial).toBe(false);
        },
      ),
    );
  });

  test.each([
    ["0200000000", "compression flag 2"],
    ["00ffffffff", "4294967295 bytes; 4194304 are allowed"],
  ])("%s is malformed, and stays so", (bytes, reason) => {
    const reader = new GrpcMessageReader();
    const bad = reader.push(Buffer.from(bytes, "hex"));
    expect(bad).toEqual({ malformed: expect.stringContaining(reason) });
    expect(reader.push(frameGrpcMessage(new Uint8Array(1)))).toEqual(bad);
  });

  test("a message that is cut is waited for, and compression is told", () => {
    const reader = new GrpcMessageReader();
    expect(reader.push(Buffer.from("0100000002aa", "hex"))).toEqual([]);
    expect(reader.partial).toBe(true);
    expect(reader.push(Buffer.from("bb", "hex"))).toEqual([{ compressed: true, bytes: new Uint8Array([0xaa, 0xbb]) }]);
  });
});

describe("health check", () => {
  test("request and response as protobuf writes them", () => {
    expect(HEALTH_CHECK_PATH).toBe("/grpc.health.v1.Health/Check");
    expect(hex(healthRequest())).toBe("");
    expect(hex(healthRequest("a.B"))).toBe("0a03612e42");
    expect(hex(healthResponse("SERVING"))).toBe("0801");
    expect(readHealthRequest(healthRequest("x".repeat(300)))).toBe("x".repeat(300));
    expect(readHealthResponse(Buffer.from("0802", "hex"))).toBe("NOT_SERVING");
    expect(readHealthResponse(new Uint8Array(0))).toBe("UNKNOWN");
  });

  test("unknown fields are passed over, broken messages are said to be", () => {
    expect(readHealthResponse(Buffer.from("15000000001a02ffff210102030405060708" + "0801", "hex"))).toBe("SERVING");
    for (const broken of ["08", "0a05", "150000", "0f", "00", "08ffffffffffffffffffff01"]) {
      expect(readHealthResponse(Buffer.from(broken, "hex"))).toBeUndefined();
    }
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        readHealthRequest(bytes);
        const status = readHealthResponse(bytes);
        expect([undefined, "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]).toContain(status);
      }),
    );
  });
});

describe("deadline", () => {
  test.each([
    [0, "0n"],
    [99_999_999, "99999999n"],
    [100_000_000, "100000u"],
    [1_000_000_001, "1000001u"],
    [200e9, "200000m"],
    [1e30, "99999999H"],
  ])("%d ns is %s", (ns, encoded) => {
    expect(encodeGrpcTimeout(ns)).toBe(encoded);
  });

  test("never earlier than asked, and within one part in a million or a unit", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (ns) => {
        const parsed = parseGrpcTimeout(encodeGrpcTimeout(ns))!;
        expect(parsed).toBeGreaterThanOrEqual(ns);
        expect(parsed - ns).toBeLessThanOrEqual(Math.max(1000, ns / 90_000));
      }),
    );
  });

  test("what is not a timeout", () => {
    for (const text of ["", "1", "m", "123456789m", "1.5S", "-1S", "1s"])
      expect(parseGrpcTimeout(text)).toBeUndefined();
    expect(parseGrpcTimeout("3H")).toBe(3 * 3600e9);
  });
});

describe("call and status", () => {
  test("headers of a call, in the order gRPC asks for", () => {
    const headers = grpcRequestHeaders({
      path: HEALTH_CHECK_PATH,
      scheme: "http",
      authority: "localhost:1",
      userAgent: "netlat/1",
      timeoutNs: 2e9,
      metadata: [["X-Id", "é"]],
    });
    expect(headers.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      ":method: POST",
      ":scheme: http",
      ":path: /grpc.health.v1.Health/Check",
      ":authority: localhost:1",
      "te: trailers",
      "grpc-timeout: 2000000u",
      "content-type: application/grpc",
      "user-agent: netlat/1",
      "x-id: \xc3\xa9",
    ]);
    expect(grpcResponseHeaders()[0]).toEqual({ name: ":status", value: "200" });
    expect(
      ["application/grpc", "application/grpc+proto", "application/grpcx", undefined].map(isGrpcContentType),
    ).toEqual([true, true, false, false]);
  });

  test("status and message come back, whatever the text", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), fc.stringMatching(/^[ -~äß]{0,20}$/), (code, message) => {
        const trailers = grpcTrailers(grpcStatusName(code), message);
        for (const { value } of trailers) expect(value).toMatch(/^[ -~]*$/);
        expect(readGrpcStatus(trailers)).toEqual({ code, name: grpcStatusName(code), message });
      }),
    );
  });

  test("odd statuses", () => {
    expect(readGrpcStatus([])).toBeUndefined();
    expect(readGrpcStatus([{ name: "grpc-status", value: "99" }])).toMatchObject({ code: 99, name: "UNKNOWN" });
    expect(readGrpcStatus([{ name: "grpc-status", value: "x" }])).toMatchObject({ code: 2, name: "UNKNOWN" });
    const broken = [
      { name: "grpc-status", value: "13" },
      { name: "grpc-message", value: "50% %zz%0a" },
    ];
    expect(readGrpcStatus(broken)).toEqual({ code: 13, name: "INTERNAL", message: "50% %zz\\n" });
    expect(grpcStatusCode("UNAVAILABLE")).toBe(14);
    expect([statusOfHttp(503), statusOfHttp(404), statusOfHttp(200)]).toEqual([
      "UNAVAILABLE",
      "UNIMPLEMENTED",
      "UNKNOWN",
    ]);
    expect([statusOfReset("REFUSED_STREAM"), statusOfReset("CANCEL"), statusOfReset("0x63")]).toEqual([
      "UNAVAILABLE",
      "CANCELLED",
      "INTERNAL",
    ]);
  });
});
