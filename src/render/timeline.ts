/** Which request's timeline to show, and what its gaps mean. */
import type { Report, Run, Timeline, TimelineEvent } from "../report/model.js";
import { formatDuration } from "../units/duration.js";

/** A gap is worth a mark when it is this share of the whole latency. */
const STALL_SHARE = 0.3;
/** Longer timelines are shown by their ends and the surroundings of their gaps. */
const MAX_EVENTS = 24;
const KEPT_ENDS = 6;

export interface Slowest {
  readonly run: Run;
  readonly timeline: Timeline;
}

/** The slowest request with a timeline, of the usable run with the highest median. */
export function slowestOf(report: Report): Slowest | null {
  const runs = report.runs.filter((run) => run.slowest.some((timeline) => timeline.events.length > 0));
  const usable = runs.filter((run) => run.used);
  const run = (usable.length > 0 ? usable : runs).toSorted((a, b) => b.latency.p50 - a.latency.p50)[0];
  const timeline = run?.slowest.filter((one) => one.events.length > 0).toSorted((a, b) => b.latencyNs - a.latencyNs)[0];
  return run === undefined || timeline === undefined ? null : { run, timeline };
}

/** A line of a timeline: an event, a stretch in which nothing happened, or how many events were left out. */
export type Step =
  | { readonly kind: "event"; readonly event: TimelineEvent }
  | { readonly kind: "gap"; readonly says: string }
  | { readonly kind: "skipped"; readonly events: number };

export function steps(timeline: Timeline): Step[] {
  const events = saidTogether(timeline.events.toSorted((a, b) => a.atNs - b.atNs));
  const gapBefore = events.map(
    (event, at) => at > 0 && event.atNs - (events[at - 1]?.atNs ?? 0) >= STALL_SHARE * timeline.latencyNs,
  );
  const kept = events.map(
    (_, at) =>
      events.length <= MAX_EVENTS ||
      at < KEPT_ENDS ||
      at >= events.length - KEPT_ENDS ||
      gapBefore[at] === true ||
      gapBefore[at + 1] === true,
  );
  const result: Step[] = [];
  let skipped = 0;
  for (const [at, event] of events.entries()) {
    if (!kept[at]) {
      skipped++;
      continue;
    }
    if (skipped > 0) result.push({ kind: "skipped", events: skipped });
    skipped = 0;
    if (gapBefore[at])
      result.push({ kind: "gap", says: gapText(timeline, event, event.atNs - (events[at - 1]?.atNs ?? 0)) });
    result.push({ kind: "event", event });
  }
  return result;
}

/**
 * Pieces that the kernel joined into one segment bear one stamp, that of the last of them: said there, so that nobody looks for
 * the others.
 */
function saidTogether(events: readonly TimelineEvent[]): TimelineEvent[] {
  const piecesOf = (kind: TimelineEvent["event"]) =>
    new Set(events.flatMap((event) => (event.event === kind && event.piece !== undefined ? [event.piece] : [])));
  const [written, sent] = [piecesOf("write"), piecesOf("sent")];
  return events.map((event) => {
    const { piece } = event;
    if (event.event !== "sent" || piece === undefined || event.says !== undefined) return event;
    let first = piece;
    while (written.has(first - 1) && !sent.has(first - 1)) first--;
    if (first === piece) return event;
    return { ...event, says: `pieces ${first} ${first === piece - 1 ? "and" : "to"} ${piece} left together` };
  });
}

function gapText(timeline: Timeline, next: TimelineEvent, gapNs: number): string {
  return `${formatDuration(gapNs)}: ${waitingFor(next, timeline.heldNs > 0)}`;
}

function waitingFor(next: TimelineEvent, held: boolean): string {
  switch (next.event) {
    case "acked":
      return held ? "nothing but waiting for this ACK" : "waiting for this ACK";
    case "intended":
    case "write":
      return "nothing was written";
    case "sent":
      return "written, and not yet sent";
    case "first-byte":
      return "nothing but waiting for the answer";
    case "answer":
      return "waiting for the rest of the answer";
    case "failed":
      return "waiting for an answer that did not come";
  }
}

const EVENT_NAMES: Readonly<Record<TimelineEvent["event"], string>> = {
  intended: "due",
  write: "write",
  sent: "sent",
  acked: "acknowledged",
  "first-byte": "first byte",
  answer: "whole answer",
  failed: "failed",
};

export const eventName = (event: TimelineEvent): string => EVENT_NAMES[event.event];

/** Milliseconds to the microsecond: what follows what must stay visible, so three digits are not enough here. */
export const clockTime = (atNs: number): string => `${(atNs / 1e6).toFixed(3)} ms`;
