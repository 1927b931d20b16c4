import { formatDuration } from "../units/duration.js";
import type { Terminal } from "./renderer.js";
import { displayWidth, harmless, truncate } from "./text.js";
import { themeFor } from "./theme.js";

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
  const done = Math.round(fraction * room);
  const bar =
    theme.bar(theme.marks.done.repeat(Math.max(0, done))) +
    theme.dim(theme.marks.left.repeat(Math.max(0, room - done)));
  return (room < MIN_BAR ? fits : [bar, ...fits]).join("  ");
}

const said = (name: string, value: number | null): string => (value === null ? "" : `${name} ${formatDuration(value)}`);

/** `12 s`, `3:05 min`. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
