/** A slow request's timeline as one sentence of evidence. */
import type { Finding, Run, Timeline, TimelineEvent } from "../../report/model.js";

type Evidence = Finding["evidence"][number];

/** Sentences are for reading: the three slowest say it. */
const SENTENCES = 3;

/** `request 17: piece 1 sent at 0.03 ms, acknowledged at 43.92 ms, piece 2 sent at 43.93 ms`, for requests held for an ACK this late. */
export function heldTimelines(run: Run, thresholdNs: number): Evidence[] {
  const held = run.slowest.flatMap((timeline) => {
    const release = timeline.heldNs > 0 ? longestHold(timeline) : null;
    return release !== null && release.acked.atNs - release.sent.atNs >= thresholdNs ? [{ timeline, release }] : [];
  });
  return held.slice(0, SENTENCES).map(({ timeline, release }) => {
    const { sent, acked, next, from } = release;
    const pieces = pieceRange(from, next.piece as number);
    const says =
      `request ${timeline.request}: piece ${sent.piece} sent at ${at(sent)}, acknowledged at ${at(acked)}, ` +
      `${pieces} sent at ${at(next)}`;
    return { says };
  });
}

/** `request 17: first answer byte at 0.12 ms, answer whole at 40.90 ms`. */
export function pausedTimelines(run: Run, thresholdNs: number): Evidence[] {
  const says = run.slowest.flatMap((timeline) => {
    const firstByte = find(timeline, "first-byte");
    const answer = find(timeline, "answer");
    if (firstByte === undefined || answer === undefined || answer.atNs - firstByte.atNs < thresholdNs) return [];
    return [`request ${timeline.request}: first answer byte at ${at(firstByte)}, answer whole at ${at(answer)}`];
  });
  return says.slice(0, SENTENCES).map((sentence) => ({ says: sentence }));
}

/** `request 17: written at 0.00 ms, first answer byte at 45.20 ms`, for first bytes this late. */
export function thinkTimelines(run: Run, thresholdNs: number): Evidence[] {
  const says = run.slowest.flatMap((timeline) => {
    const lastWrite = timeline.events.filter((event) => event.event === "write").at(-1);
    const firstByte = find(timeline, "first-byte");
    if (lastWrite === undefined || firstByte === undefined || firstByte.atNs - lastWrite.atNs < thresholdNs) return [];
    return [`request ${timeline.request}: written at ${at(lastWrite)}, first answer byte at ${at(firstByte)}`];
  });
  return says.slice(0, SENTENCES).map((sentence) => ({ says: sentence }));
}

function pieceRange(from: number, to: number): string {
  if (from === to) return `piece ${to}`;
  return `pieces ${from} ${to === from + 1 ? "and" : "to"} ${to}`;
}

interface Release {
  readonly sent: TimelineEvent;
  readonly acked: TimelineEvent;
  readonly next: TimelineEvent;
  /** First of the pieces that left in the segment stamped by `next`. */
  readonly from: number;
}

/** The longest time from a piece's sending, over its ACK, to the sending that followed. */
function longestHold(timeline: Timeline): Release | null {
  const kernel = timeline.events.filter((event) => event.source === "kernel" && event.piece !== undefined);
  const sent = kernel.filter((event) => event.event === "sent").sort((left, right) => left.atNs - right.atNs);
  let longest: Release | null = null;
  for (let index = 1; index < sent.length; index++) {
    const [before, next] = [sent[index - 1] as TimelineEvent, sent[index] as TimelineEvent];
    const acked = kernel.find((event) => event.event === "acked" && event.piece === before.piece);
    if (acked === undefined || acked.atNs > next.atNs) continue;
    if (longest !== null && next.atNs - before.atNs <= longest.next.atNs - longest.sent.atNs) continue;
    longest = { sent: before, acked, next, from: (before.piece as number) + 1 };
  }
  return longest;
}

const find = (timeline: Timeline, kind: TimelineEvent["event"]): TimelineEvent | undefined =>
  timeline.events.find((event) => event.event === kind);

/** Two decimals, so that the order of what happened within 10 us of each other stays visible. */
const at = (event: TimelineEvent): string => `${(event.atNs / 1e6).toFixed(2)} ms`;
