import { expect, test } from "vitest";
import { earlyAnswer, outOfFiles } from "../../../src/probes/tcp/failure-words.js";
import { troubleOf } from "../../../src/probes/tcp/net-failure.js";
import { ERRNO, errnoName } from "../../../src/sockets/kernel-calls.js";

test("too many open files: both engines name the limit and the remedy", () => {
  const error = Object.assign(new Error("connect EMFILE 127.0.0.1:1 - Local (undefined:undefined)"), {
    code: "EMFILE",
  });
  expect(troubleOf(error, "connecting").says).toBe(outOfFiles(errnoName(ERRNO.EMFILE)));
  expect(outOfFiles("EMFILE")).toMatch(/EMFILE.*ulimit -n.*--connections/);
  expect(outOfFiles("ENFILE")).toMatch(/fs\.file-max/);
  expect(outOfFiles("ECONNREFUSED")).toBeUndefined();
});

test("an early refusal is an error answer in the server's words, another early answer is malformed", () => {
  const complete = { state: "complete", end: 5 } as const;
  expect(earlyAnswer({ ...complete, kind: "error", detail: "413 Payload Too Large" })).toEqual([
    "error-answer",
    "413 Payload Too Large, before the request was written whole",
  ]);
  expect(earlyAnswer({ ...complete, kind: "value" })[0]).toBe("malformed");
});

test("OpenSSL's lines are told by their reason", () => {
  const line = "write EPROTO 40A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl.c:355:\n";
  const trouble = troubleOf(Object.assign(new Error(line), { code: "EPROTO" }), "handshaking");
  expect(trouble).toMatchObject({ failure: "tls" });
  expect(trouble.says).toBe("what the server sent is not TLS (wrong version number); does it speak TLS on this port?");
});

test("an expired certificate is not a matter of --ca", () => {
  const expired = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
  expect(troubleOf(expired, "handshaking").says).not.toContain("--ca");
});
