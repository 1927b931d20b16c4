import type { Report, Theory } from "../../report/model.js";
import { hang, padEnd } from "../text.js";
import type { Theme } from "../theme.js";
import type { Page } from "./page.js";

/** What was found, in words: the first thing a reader looks for. */
export function verdict(report: Report, page: Page): string[] {
  const { theme } = page;
  const { status, reasons } = report.verdict;
  const lines = reasons.flatMap((text, at) =>
    hang(`  ${theme.marks.bullet} `, text, page.prose, at === 0 ? theme.strong : undefined),
  );
  if (status === "none") return lines;
  const paint = status === "pass" ? theme.good : status === "fail" ? theme.bad : theme.warn;
  return [`  ${paint(status)}`, ...lines];
}

export function effects(report: Report, page: Page): string[] {
  return report.effects.flatMap((effect) => hang(`  ${page.theme.marks.bullet} `, effect.says, page.prose));
}

/** One claim after the other: how it fared, and the number that decided it. */
export function theories(report: Report, page: Page): string[] {
  return report.theories.flatMap((theory) => {
    const { mark, paint } = look(theory, page.theme);
    const label = `  ${paint(`${mark} ${padEnd(theory.verdict, 9)}`)}  `;
    const indent = " ".repeat(page.width < 60 ? 4 : 15);
    return [
      ...hang(label, theory.claim, page.prose, theory.verdict === "confirmed" ? page.theme.strong : undefined),
      ...hang(indent, theory.because, page.prose, page.theme.dim),
    ];
  });
}

function look(theory: Theory, theme: Theme): { mark: string; paint: (text: string) => string } {
  if (theory.verdict === "confirmed") return { mark: theme.marks.yes, paint: theme.good };
  if (theory.verdict === "refuted") return { mark: theme.marks.no, paint: theme.dim };
  return { mark: theme.marks.unknown, paint: theme.warn };
}
