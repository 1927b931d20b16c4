/** GitHub-flavoured Markdown from plain text. What the text itself holds must come out as text. */

/**
 * Prose: code spans between paired backticks stay, every other sign with a meaning is escaped, and `@name` notifies nobody.
 * Underscores inside words are no emphasis in GFM and stay readable.
 */
export function prose(text: string): string {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return plain(text);
  return parts.map((part, at) => (at % 2 === 0 ? plain(part) : code(part))).join("");
}

function plain(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll(/[\\`*[\]|~]|(?<!\w)_|_(?!\w)/g, "\\$&")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/@(?=\w)/g, "@<!-- -->");
}

/** Text as it was sent by a server or typed by a user: a code span, in which nothing has a meaning but `|` in a table. */
export function code(text: string): string {
  if (text === "") return "";
  const fence = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

export function block(lines: readonly string[]): string[] {
  const fence = "`".repeat(Math.max(3, longestRun(lines.join("\n")) + 1));
  return [`${fence}text`, ...lines, fence];
}

/** A table; cells are Markdown already. @param left how many of the first columns are words and not numbers */
export function table(head: readonly string[], rows: readonly (readonly string[])[], left: number): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(inCell).join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at < left ? ":--" : "--:"))), ...rows.map(line)];
}

/** Inside a table a bar ends the cell even in a code span; GFM takes `\|` there for a plain bar. */
const inCell = (text: string): string => text.replaceAll(/(?<!\\)\|/g, "\\|");

export const list = (items: readonly string[]): string[] => items.map((item) => `- ${opening(item)}`);

/** At the start of a line or an item, `1. `, `- `, `+ ` and `# ` would open a list or a heading. */
const opening = (text: string): string => text.replace(/^(\d*)([-+#.)])(?=[\s#]|$)/, "$1\\$2");
