/** Numbers of things in sentences. */

/** Whole numbers from 10,000 on have their thousands separated. */
export const whole = (count: number): string => (count >= 10_000 ? count.toLocaleString("en-US") : String(count));

/** `1 packet`, `12,345 packets`. */
export const counted = (count: number, thing: string, things = `${thing}s`): string =>
  `${whole(count)} ${count === 1 ? thing : things}`;

/** `98 %`, `1.2 %`: a share as a reader can compare it. Next to nothing is not 0, and almost all is not 100. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  if (value > 99.9 && value < 100) return ">99.9 %";
  return `${value >= 9.95 && value < 99 ? Math.round(value) : Number(value.toFixed(1))} %`;
}
