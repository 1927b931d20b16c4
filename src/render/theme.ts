import { Chalk } from "chalk";
import type { Breakdown } from "../report/model.js";
import type { Terminal } from "./renderer.js";

type Paint = (text: string) => string;

/** Colours and marks for one terminal. Colour never carries a meaning alone: a mark or a word always says the same. */
export interface Theme {
  readonly title: Paint;
  readonly strong: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly bar: Paint;
  /** For each part of the time of an exchange. */
  readonly parts: Readonly<Record<keyof Breakdown, Paint>>;
  readonly marks: Marks;
}

export interface Marks {
  readonly yes: string;
  readonly no: string;
  readonly unknown: string;
  readonly bullet: string;
  readonly error: string;
  readonly warning: string;
  readonly info: string;
  readonly none: string;
  readonly ellipsis: string;
  readonly times: string;
  readonly line: string;
  readonly tick: string;
  readonly rail: string;
  readonly gap: string;
  readonly done: string;
  readonly left: string;
  readonly to: string;
  readonly between: string;
  /** A segment on its way: both ends, both heads, and the shaft. */
  readonly arrow: {
    readonly from: string;
    readonly right: string;
    readonly left: string;
    readonly into: string;
    readonly shaft: string;
  };
  /** What a bar of the time of an exchange is made of. */
  readonly parts: Readonly<Record<keyof Breakdown, string>>;
  /** Eight heights of a bar, lowest first. */
  readonly bars: readonly string[];
}

const UNICODE: Marks = {
  yes: "✔",
  no: "✘",
  unknown: "?",
  bullet: "•",
  error: "▲",
  warning: "▲",
  info: "•",
  none: "–",
  ellipsis: "…",
  times: "×",
  line: "─",
  tick: "┴",
  rail: "│",
  gap: "┆",
  done: "━",
  left: "─",
  to: "→",
  between: "↔",
  arrow: { from: "├", right: "►", left: "◄", into: "┤", shaft: "─" },
  parts: { senderHold: "█", loss: "╳", window: "▒", server: "▓", transfer: "═", network: "░" },
  bars: [..."▁▂▃▄▅▆▇█"],
};

const ASCII: Marks = {
  yes: "+",
  no: "x",
  unknown: "?",
  bullet: "*",
  error: "!",
  warning: "!",
  info: "*",
  none: "-",
  ellipsis: "..",
  times: "x",
  line: "-",
  tick: "+",
  rail: "|",
  gap: ":",
  done: "#",
  left: ".",
  to: "->",
  between: "<->",
  arrow: { from: "|", right: ">", left: "<", into: "|", shaft: "-" },
  parts: { senderHold: "#", loss: "x", window: "w", server: "o", transfer: "=", network: "." },
  bars: [...".:-=+*#@"],
};

export function themeFor(terminal: Terminal): Theme {
  const chalk = new Chalk({ level: terminal.colour });
  return {
    title: (text) => chalk.bold.cyan(text),
    strong: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
    bar: (text) => chalk.cyan(text),
    parts: {
      senderHold: (text) => chalk.red(text),
      loss: (text) => chalk.magenta(text),
      window: (text) => chalk.yellow(text),
      server: (text) => chalk.cyan(text),
      transfer: (text) => chalk.blue(text),
      network: (text) => chalk.dim(text),
    },
    marks: terminal.unicode ? UNICODE : ASCII,
  };
}
