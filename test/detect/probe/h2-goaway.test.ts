import { expect, test } from "vitest";
import { h2Goaway } from "../../../src/detect/probe/h2-goaway.js";
import { cell, evidence } from "../evidence.js";
import { goaway, h2Facts } from "../h2-facts.js";

const ended = (goaways: ReturnType<typeof goaway>[], connections = 3) =>
  evidence([cell({ run: { connections, h2: h2Facts({ goaways }) } })]);

test("graceful: NO_ERROR and no stream lost is a note, each with its last stream", () => {
  const [finding] = h2Goaway.judge(ended([goaway(), goaway()]));
  expect(finding).toMatchObject({ severity: "info", count: 2, of: 3 });
  expect(finding?.title).toBe("connections ended by the server: 2 of 3 with GOAWAY NO_ERROR");
  expect(finding?.evidence).toHaveLength(2);
});

test("streams above the last one, or an error code, are a warning", () => {
  expect(h2Goaway.judge(ended([goaway({ lostStreams: 2 })]))[0]).toMatchObject({ severity: "warning" });
  const [finding] = h2Goaway.judge(ended([goaway(), goaway({ errorCode: "PROTOCOL_ERROR", debug: "bad frame" })]));
  expect(finding).toMatchObject({ severity: "warning" });
  expect(finding?.title).toContain("NO_ERROR, PROTOCOL_ERROR");
});

test("not one: the server ends none, or ends one because of our pings", () => {
  expect(h2Goaway.judge(ended([]))).toEqual([]);
  expect(h2Goaway.judge(ended([goaway({ errorCode: "ENHANCE_YOUR_CALM", pings: 3 })]))).toEqual([]);
});

test("it cannot judge requests that were no streams", () => {
  expect(h2Goaway.cannotJudge(evidence([cell()]))).toBe("the requests were not HTTP/2 streams");
});
