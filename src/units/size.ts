import { usageError } from "../errors.js";

const FACTOR: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  KiB: 1024,
  MiB: 1024 ** 2,
  k: 1024,
  K: 1024,
  M: 1024 ** 2,
};

/**
 * Reads `64KiB`, `1500`, `2MB`.
 * @returns bytes, a whole number from 0
 * @throws NetlatError (exit 2)
 */
export function parseSize(text: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|KiB|MiB|k|K|M)?$/.exec(text.trim());
  const bytes = Number(match?.[1]) * (FACTOR[match?.[2] ?? ""] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw usageError(
      `${name} ${text}: not a size; write whole bytes or a number with kB, MB, KiB or MiB, such as 64KiB`,
    );
  }
  return bytes;
}

/** `100 B`, `64 KiB`, `1.5 MiB`, `1.2 GiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const step = bytes < 1024 ** 2 ? 1 : bytes < 1024 ** 3 ? 2 : 3;
  const value = bytes / 1024 ** step;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${["KiB", "MiB", "GiB"][step - 1]}`;
}
