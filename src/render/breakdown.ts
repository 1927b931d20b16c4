/** Where the time of exchanges went: which parts, in which order, what they are called, and a bar that is divided like them. */
import type { Breakdown } from "../report/model.js";
import { percent } from "./counting.js";
import type { Theme } from "./theme.js";

export type Part = keyof Breakdown;

/** In the order of an exchange's life; a bar is divided in this order too, so that bars can be compared. */
export const PARTS: readonly Part[] = ["senderHold", "loss", "window", "server", "transfer", "network"];

export const PART_NAMES: Readonly<Record<Part, string>> = {
  senderHold: "sender hold",
  loss: "loss",
  window: "window",
  server: "server",
  transfer: "transfer",
  network: "network",
};

export const PART_MEANS: Readonly<Record<Part, string>> = {
  senderHold: "kept back until an ACK came",
  loss: "until what was lost was sent again",
  window: "the receiver had no room",
  server: "from the whole request to the first byte of its answer",
  transfer: "the rest of request and answer",
  network: "the path itself",
};

/** Less is not worth a word. */
const WORTH_SAYING = 0.0005;
/** Less is not seen in a bar, unless its width shows it. */
const SEEN = 0.01;

export interface Share {
  readonly part: Part;
  /** 0 to 1 of the whole. */
  readonly share: number;
}

/** The parts that took time, the largest first. */
export function shares(breakdownNs: Breakdown): Share[] {
  const total = PARTS.reduce((sum, part) => sum + breakdownNs[part], 0);
  if (total === 0) return [];
  return PARTS.map((part) => ({ part, share: breakdownNs[part] / total }))
    .filter(({ share }) => share >= WORTH_SAYING)
    .toSorted((a, b) => b.share - a.share);
}

export const shareText = ({ part, share }: Share): string => `${PART_NAMES[part]} ${percent(share)}`;

/**
 * `width` characters divided among the parts; each part of 1 % has one at least, taken from the largest. Every
 * part has a sign of its own, so the bar can be read without its colours.
 */
export function stackedBar(told: readonly Share[], width: number, theme: Theme): string {
  const [largest, ...others] = told;
  if (largest === undefined) return "";
  const cells = new Map(
    others.map(({ part, share }) => [part, Math.max(share < SEEN ? 0 : 1, Math.round(share * width))]),
  );
  const taken = [...cells.values()].reduce((sum, count) => sum + count, 0);
  cells.set(largest.part, Math.max(1, width - taken));
  return PARTS.map((part) => theme.parts[part](theme.marks.parts[part].repeat(cells.get(part) ?? 0))).join("");
}
