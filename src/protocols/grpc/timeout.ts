/** The deadline of a call as it travels: `grpc-timeout`, at most eight digits and a unit (grpc/doc/PROTOCOL-HTTP2.md). */

const UNITS: readonly (readonly [unit: string, ns: number])[] = [
  ["n", 1],
  ["u", 1e3],
  ["m", 1e6],
  ["S", 1e9],
  ["M", 60e9],
  ["H", 3600e9],
];
const MAX_DIGITS = 99_999_999;

/** @param ns rounded up to what the finest unit with eight digits can say, so that a deadline never comes early; from 0 up */
export function encodeGrpcTimeout(ns: number): string {
  for (const [unit, unitNs] of UNITS) {
    const count = Math.ceil(ns / unitNs);
    if (count <= MAX_DIGITS) return `${count}${unit}`;
  }
  return `${MAX_DIGITS}H`;
}

/** @returns nanoseconds, or undefined where the text is not a timeout */
export function parseGrpcTimeout(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const unitNs = UNITS.find(([name]) => name === unit)?.[1];
  return unitNs === undefined ? undefined : Number(digits) * unitNs;
}
