import { usageError } from "../errors.js";

declare const unit: unique symbol;
/** Integer nanoseconds: a duration, or a time since the start of the run. Exact up to 104 days in a double. */
export type Ns = number & { readonly [unit]: "ns" };

const FACTOR_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
};

export const ns = (value: number): Ns => Math.round(value) as Ns;
export const us = (value: number): Ns => ns(value * 1e3);
export const ms = (value: number): Ns => ns(value * 1e6);
export const toMs = (duration: number): number => duration / 1e6;

/**
 * Reads `250us`, `40ms`, `2s`, `1.5m`.
 * @param name what the value is called in the error message, such as `--timeout`
 * @throws NetlatError (exit 2) that names the value and what is accepted
 */
export function parseDuration(text: string, name: string): Ns {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|min|h)$/.exec(text.trim());
  const factor = FACTOR_NS[match?.[2] ?? ""];
  const value = Number(match?.[1]) * (factor ?? Number.NaN);
  if (!Number.isSafeInteger(Math.round(value))) {
    throw usageError(
      `${name} ${text}: not a duration; write a number with ns, us, ms, s, m or h, such as 250us, 40ms or 2s`,
    );
  }
  return ns(value);
}

/** Three significant digits and a unit: `43.9 ms`, `281 us`, `1.20 s`. */
export function formatDuration(duration: number): string {
  const size = Math.abs(duration);
  if (size === 0) return "0";
  if (size < 999.5) return `${digits(duration)} ns`;
  if (size < 999.5e3) return `${digits(duration / 1e3)} us`;
  if (size < 999.5e6) return `${digits(duration / 1e6)} ms`;
  if (size < 600e9) return `${digits(duration / 1e9)} s`;
  return `${digits(duration / 60e9)} min`;
}

/** Three significant digits, without an exponent; a whole number of four digits or more is kept whole. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size >= 99.95) return String(Math.round(value));
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995) return value.toFixed(2);
  if (size === 0) return "0";
  return String(Number(value.toPrecision(3)));
}
