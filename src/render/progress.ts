import { formatDuration } from "../units/duration.js";
import { formatSize } from "../units/size.js";
import { counted } from "./counting.js";
import type { Terminal } from "./renderer.js";
import { displayWidth, harmless, truncate } from "./text.js";
import { type Theme, themeFor } from "./theme.js";

export interface Progress {
  /** The cell that is being measured. */
  readonly cell: string;
  /** 0 to 1 of the whole run. */
  readonly fraction: number;
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  readonly etaSeconds: number | null;
}

const MAX_BAR = 24;
const MIN_BAR = 6;
/** A name is shortened to this before numbers go: enough for `nagle=on sp…`. */
const MIN_NAME = 12;
const GAP = "  ";

/** A terminal wraps, or waits to, when its last column is written: that one stays free. */
const roomOf = ({ columns }: Terminal): number => Math.max(0, columns - 1);

/**
 * One line for standard error, without a line break, the terminal's last column left free. What does not fit goes, the least
 * needed first: the bar, the end of the cell's name, the percentiles, the time left.
 */
export function progressLine(state: Progress, terminal: Terminal): string {
  const theme = themeFor(terminal);
  const fraction = Math.min(1, Math.max(0, Number.isFinite(state.fraction) ? state.fraction : 0));
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const latency = [said("p50", state.p50Ns), said("p99", state.p99Ns)].filter((text) => text !== "").join("  ");
  const left = state.etaSeconds === null ? "" : `${clock(state.etaSeconds)} left`;
  const cell = harmless(state.cell, terminal.unicode);
  const room = roomOf(terminal);

  for (const numbers of [[latency, left], [left], []]) {
    const rest = numbers.filter((part) => part !== "");
    const taken = displayWidth([percent, "", ...rest].join(GAP));
    const name = truncate(cell, Math.max(0, room - taken), theme.marks.ellipsis);
    const parts = [percent, name, ...rest].filter((part) => part !== "");
    const recognised = displayWidth(name) >= Math.min(MIN_NAME, displayWidth(cell));
    if (recognised && displayWidth(parts.join(GAP)) <= room) return withBar(fraction, parts, room, theme);
  }
  return truncate(`${percent}${GAP}${cell}`, room, theme.marks.ellipsis);
}

function withBar(fraction: number, parts: readonly string[], room: number, theme: Theme): string {
  const width = Math.min(MAX_BAR, room - displayWidth(parts.join(GAP)) - GAP.length);
  return (width < MIN_BAR ? parts : [barOf(fraction, width, theme), ...parts]).join(GAP);
}

export interface CaptureProgress {
  readonly packets: number;
  readonly bytes: number;
  /** null: standard input, whose end nobody knows. */
  readonly totalBytes: number | null;
  readonly flows: number;
  readonly exchanges: number;
  readonly stalls: number;
  readonly elapsedSeconds: number;
}

/**
 * One line for standard error while a capture is read, as `progressLine` is while a probe measures. What does not fit goes, the
 * least needed first: the bar, the bytes, the flows, the time, the exchanges; the stalls found so far go last.
 */
export function captureProgressLine(state: CaptureProgress, terminal: Terminal): string {
  const theme = themeFor(terminal);
  const { totalBytes, elapsedSeconds } = state;
  const room = roomOf(terminal);
  const fraction = totalBytes === null || totalBytes <= 0 ? null : Math.min(1, Math.max(0, state.bytes / totalBytes));
  const percent = fraction === null ? "" : `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const time =
    fraction === null || fraction === 0 || fraction === 1
      ? clock(elapsedSeconds)
      : `${clock((elapsedSeconds * (1 - fraction)) / fraction)} left`;
  const packets = counted(state.packets, "packet");
  const stalls = counted(state.stalls, "stall");
  const flows = counted(state.flows, "flow");
  const exchanges = counted(state.exchanges, "exchange");
  const fits = [
    [percent, packets, formatSize(state.bytes), flows, exchanges, stalls, time],
    [percent, packets, flows, exchanges, stalls, time],
    [percent, packets, exchanges, stalls, time],
    [percent, packets, exchanges, stalls],
    [percent, packets, stalls],
    [percent, stalls],
  ]
    .map((parts) => parts.filter((part) => part !== ""))
    .find((parts) => displayWidth(parts.join(GAP)) <= room);
  if (fits === undefined) return truncate(`${percent} ${stalls}`, room, theme.marks.ellipsis);

  const line = fits.map((part) => (part === stalls && state.stalls > 0 ? theme.bad(part) : part));
  return fraction === null ? line.join(GAP) : withBar(fraction, line, room, theme);
}

function barOf(fraction: number, width: number, { marks, bar, dim }: Theme): string {
  const done = Math.round(fraction * width);
  return bar(marks.done.repeat(Math.max(0, done))) + dim(marks.left.repeat(Math.max(0, width - done)));
}

const said = (name: string, value: number | null): string => (value === null ? "" : `${name} ${formatDuration(value)}`);

/** `12 s`, `3:05 min`. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
