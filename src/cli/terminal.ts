import type { Terminal } from "../render/renderer.js";
import type { Host, OutputStream } from "./host.js";

const DEFAULT_COLUMNS = 80;
type Env = Host["env"];

/** What a stream can show. FORCE_COLOR goes before NO_COLOR, and that before what the terminal says of itself. */
export function detectTerminal(stream: OutputStream, env: Env): Terminal {
  return { columns: columns(stream, env), colour: colour(stream, env), unicode: unicode(env) };
}

/** A file: as wide as is usual, plain text. */
export function fileTerminal(env: Env): Terminal {
  return { columns: columns({}, env), colour: 0, unicode: unicode(env) };
}

/** A terminal on which a line can be rewritten in place. */
export function canRewrite(stream: OutputStream, env: Env): boolean {
  return stream.isTTY === true && env.TERM !== "dumb";
}

function columns(stream: Pick<OutputStream, "columns">, env: Env): number {
  const asked = Number(env.COLUMNS);
  if (Number.isSafeInteger(asked) && asked > 0) return asked;
  return stream.columns !== undefined && stream.columns > 0 ? stream.columns : DEFAULT_COLUMNS;
}

function colour(stream: OutputStream, env: Env): Terminal["colour"] {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return FORCED[forced] ?? 1;
  if ((env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return 0;
  if (stream.isTTY !== true) return 0;
  const bits = stream.getColorDepth?.(env) ?? 1;
  return bits >= 24 ? 3 : bits >= 8 ? 2 : bits >= 4 ? 1 : 0;
}

const FORCED: Readonly<Record<string, Terminal["colour"]>> = { "0": 0, false: 0, "1": 1, true: 1, "2": 2, "3": 3 };

/** As setlocale(3) reads the environment; a machine without any locale set (a container) is taken to know UTF-8, save for a dumb terminal. */
function unicode(env: Env): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== "");
  return locale === undefined ? env.TERM !== "dumb" : /utf-?8/i.test(locale);
}
