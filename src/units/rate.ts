import { usageError } from "../errors.js";
import { digits } from "./duration.js";

const PER_SECOND: Readonly<Record<string, number>> = { s: 1, ms: 1e3, m: 1 / 60, min: 1 / 60, h: 1 / 3600 };

/**
 * Reads `5000/s`, `5k/s`, `120/m`, or a bare number (per second).
 * @returns requests per second, above 0
 * @throws NetlatError (exit 2)
 */
export function parseRate(text: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|M)?(?:\/(s|ms|m|min|h))?$/.exec(text.trim());
  const scale = match?.[2] === "k" ? 1e3 : match?.[2] === "M" ? 1e6 : 1;
  const rate = Number(match?.[1]) * scale * (PER_SECOND[match?.[3] ?? "s"] ?? Number.NaN);
  if (!(rate > 0) || !Number.isFinite(rate)) {
    throw usageError(`${name} ${text}: not a rate; write a number above 0 per second, such as 5000/s or 2k/s`);
  }
  return rate;
}

/** `444/s`, `22.7/s`, with thousands separated from 10,000 on. */
export function formatRate(perSecond: number): string {
  return `${perSecond >= 10_000 ? Math.round(perSecond).toLocaleString("en-US") : digits(perSecond)}/s`;
}
