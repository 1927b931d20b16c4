/**
 * GitHub workflow commands: one line for each annotation, `::error file=netlat.yaml,line=14,title=…::message`. Works for any report; what has
 * no file stands at the run instead. Escaped as actions/toolkit does (packages/core/src/command.ts).
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import type { Report } from "../report/model.js";
import { type Level, type Notice, noticesOf, summaryOf } from "./gate/notices.js";
import type { Renderer } from "./renderer.js";
import { harmless } from "./text.js";

/** GitHub shows so many annotations of each kind for a step, and drops the others without a word. */
const SHOWN = 10;
const COMMAND: Readonly<Record<Level, string>> = { error: "error", warning: "warning", note: "notice" };

export const github: Renderer = (report) => {
  const notices = noticesOf(report);
  const levels = ["error", "warning", "note"] as const;
  const lines = levels.flatMap((level) =>
    annotations(
      level,
      notices.filter((notice) => notice.level === level),
    ),
  );
  return `${[summary(report), ...lines].join("\n")}\n`;
};

/** A notice even when nothing was found: silence would look like a step that did not run. It takes one of the ten notices. */
function summary(report: Report): string {
  const { title, lines } = summaryOf(report);
  return command("notice", { title }, lines);
}

function annotations(level: Level, notices: readonly Notice[]): string[] {
  const room = level === "note" ? SHOWN - 1 : SHOWN;
  const shown = notices.length <= room ? notices : notices.slice(0, room - 1);
  const lines = shown.map(({ title, place, lines }) => {
    const file = place === null || place.line === null ? {} : { file: place.file, line: String(place.line) };
    return command(COMMAND[level], { ...file, title }, lines);
  });
  const rest = notices.slice(shown.length);
  if (rest.length === 0) return lines;
  return [
    ...lines,
    command(
      COMMAND[level],
      { title: `${rest.length} more` },
      rest.map(({ title }) => title),
    ),
  ];
}

function command(name: string, properties: Readonly<Record<string, string>>, lines: readonly string[]): string {
  const pairs = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(harmless(value, true))}`);
  const message = lines.map((line) => harmless(line, true)).join("\n");
  return `::${name} ${pairs.join(",")}::${escapeData(message)}`;
}

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
