/**
 * An exchange as a ladder: time runs down, each packet is an arrow from the rail of the end that sent it to the other's, and a
 * stretch in which nothing travelled is marked with its length. What a packet proves stands beside it, or below its arrow where
 * the page is narrow.
 */
import type { Ladder, Report } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { counted, percent, whole } from "./counting.js";
import { endName, flowOf, sidesOf } from "./flow-names.js";
import { displayWidth, padEnd, truncate, wrap } from "./text.js";
import type { Theme } from "./theme.js";
import { clockTime } from "./timeline.js";

type Step = Ladder["steps"][number];

/** A gap is marked when it is this share of the whole. */
const STALL_SHARE = 0.2;
const MAX_BODY = 30;
/** `46.9 ms of silence`, and air. */
const MIN_BODY = 22;
/** Room for words beside the arrows; with less of it they stand below. */
const MIN_NOTES = 26;
/** A label is kept off both rails by a piece of shaft, a head and two blanks. */
const AROUND_LABEL = 7;

interface Frame {
  readonly theme: Theme;
  /** What stands before the client's rail when no packet does. */
  readonly blank: string;
  readonly numberWidth: number;
  readonly timeWidth: number;
  /** Columns between the rails. */
  readonly body: number;
  /** Columns for words beside the server's rail; 0: they stand below the arrows. */
  readonly notes: number;
}

/** `46.6 ms on flow 1, 308 ms after the first packet of the capture (packets 45 to 49)` */
export function ladderCaption(ladder: Ladder): string {
  const numbers = ladder.steps.map((step) => step.packet);
  const range = numbers.length === 0 ? "" : ` (packets ${Math.min(...numbers)} to ${Math.max(...numbers)})`;
  return `${formatDuration(spanOf(ladder))} on flow ${ladder.flow}, ${formatDuration(ladder.startNs)} after the first packet of the capture${range}`;
}

/** @returns lines of at most `width` columns, each beginning with `indent` blanks; none for a ladder without packets */
export function ladderLines(ladder: Ladder, report: Report, width: number, indent: number, theme: Theme): string[] {
  if (ladder.steps.length === 0) return [];
  const frame = frameFor(ladder, width, indent, theme);
  const span = spanOf(ladder);
  const lines = header(ladder, report, width, indent, frame);
  if (ladder.omitted > 0)
    lines.push(...pause(`${counted(ladder.omitted, "earlier packet")}`, "not shown", theme.dim, frame));
  for (const [at, step] of ladder.steps.entries()) {
    const before = ladder.steps[at - 1];
    const gapNs = before === undefined ? 0 : step.atNs - before.atNs;
    if (gapNs > 0 && gapNs >= STALL_SHARE * span) {
      lines.push(
        ...pause(`${formatDuration(gapNs)} of silence`, `${percent(gapNs / span)} of this exchange`, theme.bad, frame),
      );
    }
    lines.push(...packet(step, frame));
  }
  return lines;
}

/** From the start of the exchange, or the packet before it that is shown, to the last packet. */
function spanOf({ steps }: Ladder): number {
  const times = steps.map((step) => step.atNs);
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(0, ...times);
}

function frameFor({ steps }: Ladder, width: number, indent: number, theme: Theme): Frame {
  const timeWidth = Math.max(...steps.map((step) => clockTime(step.atNs).length));
  const label = Math.max(...steps.map((step) => displayWidth(labelOf(step))));
  const numberWidth = 1 + Math.max(...steps.map((step) => String(step.packet).length));
  const tight = Math.max(MIN_BODY, Math.min(MAX_BODY, label + AROUND_LABEL));
  const easy = Math.max(tight, Math.min(MAX_BODY, label + AROUND_LABEL + 4));
  const before = indent + timeWidth + 1;
  for (const [number, body] of [
    [numberWidth, easy],
    [numberWidth, tight],
    [0, easy],
    [0, tight],
  ] as const) {
    const blank = before + (number === 0 ? 0 : number + 2);
    const notes = width - blank - body - 4;
    if (notes >= MIN_NOTES) return { theme, blank: " ".repeat(blank), numberWidth: number, timeWidth, body, notes };
  }
  const body = Math.max(12, Math.min(MAX_BODY + 10, width - before - 2));
  return { theme, blank: " ".repeat(before), numberWidth: 0, timeWidth, body, notes: 0 };
}

/** Who stands at which rail; on two lines where one has no room for both names. */
function header(ladder: Ladder, report: Report, width: number, indent: number, frame: Frame): string[] {
  const flow = flowOf(report, ladder.flow);
  const sides = flow === undefined ? null : sidesOf(flow);
  const client = sides === null ? "client" : `client ${endName(sides.client)}`;
  const server = sides === null ? "server" : `server ${endName(sides.server)}`;
  const { strong } = frame.theme;
  const left = Math.max(indent, frame.blank.length - Math.floor(displayWidth(client) / 2));
  const rail = frame.blank.length + 1 + frame.body;
  const wanted = Math.min(rail - Math.floor(displayWidth(server) / 2), width - displayWidth(server));
  const free = wanted - left - displayWidth(client);
  if (free >= 2) return [`${" ".repeat(left)}${strong(client)}${" ".repeat(free)}${strong(server)}`];
  const first = Math.max(0, Math.min(indent, width - displayWidth(client)));
  const last = Math.max(0, Math.min(rail + 1, width) - displayWidth(server));
  return [
    " ".repeat(first) + strong(truncate(client, width, frame.theme.marks.ellipsis)),
    " ".repeat(last) + strong(truncate(server, width, frame.theme.marks.ellipsis)),
  ];
}

const labelOf = ({ bytes, flags }: Step): string => (bytes === 0 ? flags : `${whole(bytes)} B ${flags}`.trimEnd());

function packet(step: Step, frame: Frame): string[] {
  const { theme, blank, body } = frame;
  const number = frame.numberWidth === 0 ? "" : `${`#${step.packet}`.padStart(frame.numberWidth)}  `;
  const time = clockTime(step.atNs).padStart(frame.timeWidth);
  const indent = " ".repeat(blank.length - number.length - time.length - 1);
  const line = `${indent}${theme.dim(number)}${time} ${arrow(step, frame)}`;
  if (step.says === undefined || step.says === "") return [line];
  const rail = theme.dim(theme.marks.rail);
  if (frame.notes === 0) {
    const words = wrap(step.says, body - 3);
    return [line, ...words.map((text) => `${blank}${rail}  ${padEnd(text, body - 2)}${rail}`)];
  }
  const [first = "", ...others] = wrap(step.says, frame.notes);
  return [`${line}  ${first}`, ...others.map((text) => `${blank}${rail}${" ".repeat(body)}${rail}  ${text}`)];
}

/** `├── 10 B PSH ACK ──────────►│`, or from the right; what is said of the packet stands near the end that sent it. */
function arrow(step: Step, { theme, body }: Frame): string {
  const { from, right, left, into, shaft } = theme.marks.arrow;
  const label = truncate(labelOf(step), body - AROUND_LABEL, theme.marks.ellipsis);
  const rest = shaft.repeat(Math.max(0, body - displayWidth(label) - (label === "" ? 3 : 5)));
  const said = label === "" ? "" : ` ${theme.strong(label)} `;
  const rail = theme.dim(theme.marks.rail);
  return step.from === "client"
    ? `${theme.dim(from)}${shaft.repeat(2)}${said}${rest}${right}${rail}`
    : `${rail}${left}${rest}${said}${shaft.repeat(2)}${theme.dim(into)}`;
}

/** A stretch between the rails in which nothing is shown. */
function pause(
  text: string,
  note: string,
  paint: (text: string) => string,
  { theme, blank, body, notes }: Frame,
): string[] {
  const mark = paint(theme.marks.gap);
  const both = `${text}, ${note}`;
  const full = notes === 0 && displayWidth(both) <= body - 2 ? both : text;
  const said = truncate(full, body, theme.marks.ellipsis);
  const before = Math.floor((body - displayWidth(said)) / 2);
  const after = body - displayWidth(said) - before;
  const line = `${blank}${mark}${" ".repeat(before)}${paint(said)}${" ".repeat(after)}${mark}`;
  return [notes === 0 ? line : `${line}  ${paint(note)}`];
}
