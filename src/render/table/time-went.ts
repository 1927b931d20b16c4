/** Of each service, what its exchanges spent their time on. */
import type { Report } from "../../report/model.js";
import { PART_MEANS, PART_NAMES, PARTS, type Share, shares, shareText, stackedBar } from "../breakdown.js";
import { displayWidth, hang, padEnd } from "../text.js";
import type { Page } from "./page.js";

const MIN_BAR = 16;
const MAX_BAR = 40;
/** The two largest parts have room in this. */
const ROOM_FOR_WORDS = 36;

/** The services with a breakdown, and the shares of their parts. */
export const timesOf = (report: Report): { name: string; told: Share[] }[] =>
  report.runs.flatMap((run) => {
    const told = run.breakdownNs === undefined ? [] : shares(run.breakdownNs);
    return told.length === 0 ? [] : [{ name: run.id, told }];
  });

/** One line for each service: its name, a bar divided like its time, and the largest parts in words. */
export function timeWent(report: Report, page: Page): string[] {
  const times = timesOf(report);
  if (times.length === 0) return [];
  const nameWidth = Math.max(...times.map(({ name }) => displayWidth(name)));
  const left = page.width - 2 - nameWidth - 4 - ROOM_FOR_WORDS;
  const beside = left >= MIN_BAR;
  const barWidth = Math.min(MAX_BAR, beside ? MIN_BAR + Math.floor((left - MIN_BAR) / 2) : MIN_BAR);
  const lines = times.flatMap(({ name, told }) => {
    const start = `  ${beside ? `${padEnd(name, nameWidth)}  ` : "  "}${stackedBar(told, barWidth, page.theme)}  `;
    const line = start + wordsFor(told, page.width - displayWidth(start), page);
    return beside ? [line] : [...hang("  ", name, page.width), line];
  });
  return [...lines, ...legend(times, page)];
}

/** As many of the parts as there is room for, each after the sign that stands for it in the bar. */
function wordsFor(told: readonly Share[], room: number, { theme }: Page): string {
  let text = "";
  for (const share of told) {
    const sign = theme.parts[share.part](theme.marks.parts[share.part]);
    const longer = `${text === "" ? "" : `${text}  `}${sign} ${shareText(share)}`;
    if (displayWidth(longer) > room) break;
    text = longer;
  }
  return text;
}

function legend(times: readonly { told: readonly Share[] }[], page: Page): string[] {
  const present = PARTS.filter((part) => times.some(({ told }) => told.some((share) => share.part === part)));
  const text = present.map((part) => `${page.theme.marks.parts[part]}\u00a0${PART_NAMES[part]}: ${PART_MEANS[part]}`);
  return hang("  ", text.join("; "), page.prose, page.theme.dim);
}
