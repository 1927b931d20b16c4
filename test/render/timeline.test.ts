import { describe, expect, it } from "vitest";
import { slowestOf, steps } from "../../src/render/timeline.js";
import type { Timeline, TimelineEvent } from "../../src/report/model.js";
import { interruptedReport, stallReport } from "./sample-report.js";

const event = (atMs: number, name: TimelineEvent["event"], piece?: number): TimelineEvent => ({
  atNs: atMs * 1e6,
  event: name,
  source: "user",
  ...(piece === undefined ? {} : { piece }),
});
const timeline = (latencyMs: number, events: TimelineEvent[], heldNs = 0): Timeline => ({
  request: 1,
  connection: 1,
  latencyNs: latencyMs * 1e6,
  heldNs,
  events,
});
const gaps = (one: Timeline): string[] => steps(one).flatMap((step) => (step.kind === "gap" ? [step.says] : []));

describe("the slowest request", () => {
  it("is the slowest of the usable run with the highest median", () => {
    expect(slowestOf(stallReport())?.timeline.request).toBe(812);
    expect(slowestOf(interruptedReport())).toBeNull();
    const report = stallReport();
    report.runs[1]!.used = false;
    report.runs[0]!.slowest = [timeline(2, [event(0, "write")]), timeline(3, [event(0, "write")])];
    expect(slowestOf(report)?.timeline.latencyNs).toBe(3e6);
  });

  it("says what its long gaps waited for, and only claims a hold that was proved", () => {
    const acked = [event(0, "write", 1), event(44, "acked", 1), event(44.1, "answer")];
    expect(gaps(timeline(44.1, acked, 43e6))).toEqual(["44.0 ms: nothing but waiting for this ACK"]);
    expect(gaps(timeline(44.1, acked))).toEqual(["44.0 ms: waiting for this ACK"]);
    expect(gaps(timeline(45, [event(0, "write"), event(45, "first-byte")]))).toEqual([
      "45.0 ms: nothing but waiting for the answer",
    ]);
    expect(
      gaps(
        timeline(
          0.3,
          [0, 0.1, 0.15, 0.2, 0.25, 0.3].map((at) => event(at / 2, "write")),
        ),
      ),
    ).toEqual([]);
  });

  it("says which pieces left together: the kernel stamps only the last of them", () => {
    const said = (events: TimelineEvent[]) =>
      steps(timeline(44, events)).flatMap((step) => (step.kind === "event" ? [step.event.says] : []));
    const writes = [1, 2, 3, 4].map((piece) => event(0.01 * piece, "write", piece));
    const none = [undefined, undefined, undefined, undefined];
    expect(said([...writes, event(0.1, "sent", 1), event(44, "sent", 4)])).toEqual([
      ...none,
      undefined,
      "pieces 2 to 4 left together",
    ]);
    expect(said([...writes, event(0.1, "sent", 2), event(44, "sent", 3), event(44, "sent", 4)])).toEqual([
      ...none,
      "pieces 1 and 2 left together",
      undefined,
      undefined,
    ]);
    expect(said([event(0, "sent", 1), event(1, "sent", 3)])).toEqual([undefined, undefined]);
  });

  it("leaves out the middle of a long one but never the surroundings of a gap", () => {
    const events = Array.from({ length: 100 }, (_, at) => event(at < 50 ? at / 1000 : 44 + at / 1000, "write", at + 1));
    const shown = steps(timeline(44.1, events));
    const pieces = shown.flatMap((step) => (step.kind === "event" ? [step.event.piece] : []));
    expect(pieces).toEqual([1, 2, 3, 4, 5, 6, 50, 51, 95, 96, 97, 98, 99, 100]);
    const skipped = shown
      .map((step) => (step.kind === "skipped" ? step.events : 0))
      .reduce((sum, count) => sum + count, 0);
    expect(pieces.length + skipped).toBe(100);
  });
});
