import type { Progress } from "../commands/ui.js";
import type { Host } from "./host.js";
import { canRewrite, detectTerminal } from "./terminal.js";

const ERASE_LINE = "\r\u001b[2K";

/** The progress line, and a way to print other lines through it. */
export interface ProgressLine extends Progress {
  /** Prints `text` (whole lines) on standard error above the progress line. */
  above(text: string): void;
}

export function progressLine({ stderr, env }: Host): ProgressLine {
  if (!canRewrite(stderr, env)) return { show() {}, clear() {}, above: (text) => void stderr.write(text) };
  let shown = "";
  const draw = () => void stderr.write(ERASE_LINE + shown);
  return {
    show(line) {
      shown = cut(line, detectTerminal(stderr, env).columns - 1); // the last column would wrap
      draw();
    },
    clear() {
      if (shown === "") return;
      shown = "";
      draw();
    },
    above(text) {
      stderr.write(shown === "" ? text : ERASE_LINE + text + shown);
    },
  };
}

const ESCAPE = "\u001b";
const COLOUR_OR_CHARACTER = new RegExp(`${ESCAPE}\\[[\\d;]*m|.`, "gu");

/** The first `width` characters; colours take no room, and all of them are kept, so that none is left switched on. */
function cut(line: string, width: number): string {
  let room = width;
  return line.replace(COLOUR_OR_CHARACTER, (part) => (part.startsWith(ESCAPE) || room-- > 0 ? part : ""));
}
