import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grpcCall } from "../../../src/lab/h2/grpc.js";
import { type LabOptions, labOptions } from "../../../src/lab/options.js";
import { grpcRequestHeaders } from "../../../src/protocols/grpc/call.js";
import { healthRequest, healthResponse } from "../../../src/protocols/grpc/health.js";
import { frameGrpcMessage, GrpcMessageReader } from "../../../src/protocols/grpc/messages.js";
import { readGrpcStatus } from "../../../src/protocols/grpc/status.js";
import { fieldValue, type HeaderField, headerField } from "../../../src/protocols/hpack/field.js";

const CHECK = "/grpc.health.v1.Health/Check";

const asks = (path: string): HeaderField[] =>
  grpcRequestHeaders({ path, scheme: "http", authority: "lab", userAgent: "test" });

interface Outcome {
  readonly http: string | undefined;
  readonly status: string | undefined;
  readonly messages: unknown;
}

function outcome(fields: HeaderField[], body: Uint8Array, options: Partial<LabOptions> = {}): Outcome {
  const call = grpcCall(fields, labOptions(options));
  call.take?.(body, 0, body.length);
  const { headers, content, trailers } = call.refusal ?? call.answer();
  const content_ = Buffer.concat([...content]);
  const read = new GrpcMessageReader().push(content_);
  const messages = "malformed" in read ? read : read.map(({ bytes }) => Buffer.from(bytes));
  return { http: fieldValue(headers, ":status"), status: readGrpcStatus(trailers ?? headers)?.name, messages };
}

const serving = [Buffer.from(healthResponse("SERVING"))];

describe("the lab's gRPC", () => {
  it("is SERVING, as a whole and for every service but a missing one", () => {
    for (const service of ["", "netlat"]) {
      const answer = outcome(asks(CHECK), frameGrpcMessage(healthRequest(service)));
      expect(answer).toEqual({ http: "200", status: "OK", messages: serving });
    }
    expect(outcome(asks(CHECK), frameGrpcMessage(healthRequest("missing.x"))).status).toBe("NOT_FOUND");
  });

  it("keeps Watch open behind its first message", () => {
    const call = grpcCall(asks("/grpc.health.v1.Health/Watch"), labOptions());
    const request = frameGrpcMessage(healthRequest());
    call.take?.(request, 0, request.length);
    expect(call.answer()).toMatchObject({ staysOpen: true, content: [frameGrpcMessage(healthResponse("SERVING"))] });
  });

  it("echoes any other method, or has none of them", () => {
    const body = frameGrpcMessage(Buffer.from("any bytes"));
    expect(outcome(asks("/a.B/C"), body)).toEqual({ http: "200", status: "OK", messages: [Buffer.from("any bytes")] });
    expect(outcome(asks("/missing.B/C"), body)).toEqual({ http: "200", status: "UNIMPLEMENTED", messages: [] });
    expect(outcome(asks("/a.B/C"), body, { grpcUnimplemented: true }).status).toBe("UNIMPLEMENTED");
    expect(outcome(asks(CHECK), frameGrpcMessage(healthRequest()), { grpcUnimplemented: true }).status).toBe("OK");
  });

  it.each([
    ["no message", new Uint8Array(0), "INTERNAL"],
    [
      "two messages",
      Buffer.concat([frameGrpcMessage(Buffer.from("a")), frameGrpcMessage(Buffer.from("b"))]),
      "INTERNAL",
    ],
    ["half a message", frameGrpcMessage(Buffer.from("abc")).subarray(0, 6), "INTERNAL"],
    ["a prefix that is none", Buffer.from([7, 0, 0, 0, 0]), "INTERNAL"],
    ["a compressed message", Buffer.from([1, 0, 0, 0, 1, 65]), "UNIMPLEMENTED"],
  ])("refuses %s", (_what, body, status) => {
    expect(outcome(asks("/a.B/C"), body)).toEqual({ http: "200", status, messages: [] });
  });

  it("refuses what is not gRPC with a status of HTTP too", () => {
    const without = (name: string) => asks("/a.B/C").filter((field) => field.name !== name);
    const body = frameGrpcMessage(Buffer.from("a"));
    expect(outcome(without("content-type"), body)).toMatchObject({ http: "415", status: "INVALID_ARGUMENT" });
    const get = [headerField(":method", "GET"), ...without(":method")];
    expect(outcome(get, body)).toMatchObject({ http: "405", status: "INTERNAL" });
    expect(outcome([...asks("/a.B/C"), headerField("grpc-timeout", "5")], body).status).toBe("INTERNAL");
  });

  it("knows its deadline", () => {
    expect(grpcCall([...asks("/a.B/C"), headerField("grpc-timeout", "50m")], labOptions()).timeoutNs).toBe(50e6);
    expect(grpcCall(asks("/a.B/C"), labOptions()).timeoutNs).toBeUndefined();
  });

  it("has an answer with a status for any bytes, however they are cut", () => {
    fc.assert(
      fc.property(fc.constantFrom(CHECK, "/a.B/C"), fc.array(fc.uint8Array({ maxLength: 12 })), (path, chunks) => {
        const call = grpcCall(asks(path), labOptions());
        for (const chunk of chunks) call.take?.(chunk, 0, chunk.length);
        const { headers, trailers } = call.answer();
        expect(readGrpcStatus(trailers ?? headers)).toBeDefined();
      }),
    );
  });
});
