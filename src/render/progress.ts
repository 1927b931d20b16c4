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

/**
 * One line for standard error, without a line break and at most `columns` wide. What does not fit goes, the least needed
 * first: the bar, the percentiles, the time left; the name of the cell is cut last.
 */
export function progressLine(state: Progress, terminal: Terminal): string {
  const theme = themeFor(terminal);
  const fraction = Math.min(1, Math.max(0, Number.isFinite(state.fraction) ? state.fraction : 0));
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const latency = [said("p50", state.p50Ns), said("p99", state.p99Ns)].filter((text) => text !== "").join("  ");
  const left = state.etaSeconds === null ? "" : `${clock(state.etaSeconds)} left`;
  const cell = harmless(state.cell, terminal.unicode);

  const fits = [
    [percent, cell, latency, left],
    [percent, cell, left],
    [percent, cell],
  ]
    .map((parts) => parts.filter((part) => part !== ""))
    .find((parts) => displayWidth(parts.join("  ")) <= terminal.columns);
  if (fits === undefined) return truncate(`${percent}  ${cell}`, Math.max(0, terminal.columns), theme.marks.ellipsis);

  const room = Math.min(MAX_BAR, terminal.columns - displayWidth(fits.join("  ")) - 2);
  return (room < MIN_BAR ? fits : [barOf(fraction, room, theme), ...fits]).join("  ");
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
    .find((parts) => displayWidth(parts.join("  ")) <= terminal.columns);
  if (fits === undefined) return truncate(`${percent} ${stalls}`, Math.max(0, terminal.columns), theme.marks.ellipsis);

  const line = fits.map((part) => (part === stalls && state.stalls > 0 ? theme.bad(part) : part));
  const room = Math.min(MAX_BAR, terminal.columns - displayWidth(fits.join("  ")) - 2);
  return (fraction === null || room < MIN_BAR ? line : [barOf(fraction, room, theme), ...line]).join("  ");
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
