/** Reads what a suite expects: one line of it, such as `p99 < 5ms`. Every refusal says what is accepted. */
import { usageError } from "../errors.js";
import { FINDING_CODES, type FindingCode } from "../report/model.js";
import { parseDuration } from "../units/duration.js";
import { nearest } from "../units/nearest.js";
import { parseRate } from "../units/rate.js";
import type { Comparison, Expectation, Selector, Series, Written } from "./expectation.js";

const ACCEPTED =
  "p99 < 5ms, corrected.p999 < 20ms, phases.connect.p99 < 3ms, max < 50ms, errors == 0, errors < 0.1%, " +
  "findings == 0, findings nagle-delayed-ack == 0, rate > 1000/s, requests >= 500, baseline p50 < +10%";
const QUANTILES = "p50, p90, p95, p99, p99.9 (or p999) and max";
const PHASES = ["dns", "connect", "tls", "handshake", "ttfb", "queue", "behind"];

/** `quantity comparison limit`: what stands before the sign, the sign, and what stands behind it. */
const SHAPE = /^(.*?)\s*(<=|>=|==|!=|=|<|>)\s*(.*)$/s;

/**
 * @param at file and line for errors, such as `netlat.yaml:7`
 * @throws NetlatError (exit 2)
 */
export function readExpectation(source: string, at: string, line: number, selector: Selector): Expectation {
  const text = source.trim().replaceAll(/\s+/g, " ");
  const [, quantity = "", sign = "", limit = ""] = SHAPE.exec(text) ?? [];
  const where = `${at}: ${text}`;
  if (quantity === "" || limit === "") {
    throw usageError(`${where}: not an expectation; write one such as ${ACCEPTED}`);
  }
  if (sign === "=" || sign === "!=") throw usageError(`${where}: ${sign} is no comparison; use <, <=, >, >= or ==`);
  const written: Written = { text, line, selector, comparison: sign as Comparison };
  const expectation = read(quantity, limit, written, where);
  refuseImpossible(expectation, where);
  return expectation;
}

function read(quantity: string, limit: string, written: Written, where: string): Expectation {
  const [first = "", second, ...more] = quantity.split(" ");
  const oneWord = second === undefined;
  if (first === "findings" && more.length === 0) {
    const code = second === undefined ? {} : { code: findingCode(second, where) };
    return { ...written, kind: "findings", ...code, limit: wholeNumber(limit, "findings are counted", where) };
  }
  if (first === "baseline" && second !== undefined && more.length === 0) {
    return { ...written, kind: "baseline", ...quantileOf(second, where), change: changeOf(limit, where) };
  }
  if (!oneWord) throw unknownQuantity(quantity, where);
  if (first === "rate") return { ...written, kind: "rate", limitPerSecond: rateOf(limit, where) };
  if (first === "requests")
    return { ...written, kind: "requests", limit: wholeNumber(limit, "requests are counted", where) };
  if (first === "errors" || first.startsWith("errors.")) return errorsOf(first, limit, written, where);
  return { ...written, kind: "quantile", ...quantileOf(first, where), limitNs: durationOf(limit, where) };
}

function errorsOf(quantity: string, limit: string, written: Written, where: string): Expectation {
  const kind = quantity.slice("errors.".length);
  const error = kind === "" ? {} : { error: kind };
  const share = percentOf(limit);
  if (share === null) {
    return {
      ...written,
      kind: "errors",
      ...error,
      limit: wholeNumber(limit, "errors are counted, or a share such as 0.1%", where),
    };
  }
  if (share === 0) return { ...written, kind: "errors", ...error, limit: 0 };
  return { ...written, kind: "error-share", ...error, limit: share };
}

/** `p99`, `corrected.p99`, `phases.connect.p99`, `max`. */
function quantileOf(word: string, where: string): { series: Series; quantile: number } {
  const match = /^(?:(latency|corrected|phases\.[a-z]+)\.)?(max|p\d{1,6}(?:\.\d{1,4})?|[a-z]+)$/.exec(word);
  if (match === null) throw unknownQuantity(word, where);
  const [, prefix = "latency", name = ""] = match;
  if (prefix.startsWith("phases.") && !PHASES.includes(prefix.slice(7))) {
    throw usageError(
      `${where}: ${prefix.slice(7)} is no phase${didYouMean(prefix.slice(7), PHASES)}; use ${PHASES.join(", ")}`,
    );
  }
  return { series: prefix as Series, quantile: quantileValue(name, word, where) };
}

function quantileValue(name: string, word: string, where: string): number {
  if (name === "max") return 1;
  const digits = /^p(\d+)(\.\d+)?$/.exec(name);
  if (digits === null) throw unknownQuantity(word, where);
  const [, whole = "", fraction = ""] = digits;
  // p99.9 and p999 are the same; p100 is neither, and p5 is 5 %.
  const percent =
    whole.length > 2 && fraction === "" && whole.startsWith("9")
      ? Number(`${whole.slice(0, 2)}.${whole.slice(2)}`)
      : Number(`${whole}${fraction}`);
  if (percent > 0 && percent < 100) return Number((percent / 100).toPrecision(12));
  throw usageError(`${where}: ${name} is no quantile; use ${QUANTILES}`);
}

function unknownQuantity(word: string, where: string) {
  const known = [
    "p50",
    "p90",
    "p99",
    "p999",
    "max",
    "errors",
    "findings",
    "rate",
    "requests",
    "baseline",
    "corrected.p99",
  ];
  return usageError(
    `${where}: ${word} is nothing that can be expected${didYouMean(word, known)}; use ${QUANTILES} (also of corrected. or phases.connect.), errors, findings, rate, requests or baseline`,
  );
}

function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

function durationOf(text: string, where: string) {
  const compact = text.replaceAll(" ", "");
  if (/^[+-]/.test(compact))
    throw usageError(`${where}: ${text} is a change; it belongs behind baseline, such as baseline p50 < +10%`);
  if (compact.endsWith("%"))
    throw usageError(`${where}: ${text} is a share, and a time belongs here, such as 5ms or 400us`);
  if (/^[\d.]+$/.test(compact))
    throw usageError(`${where}: ${text} has no unit; write a time such as ${text}ms or ${text}us`);
  return withWhere(where, () => parseDuration(compact, "the limit"));
}

function rateOf(text: string, where: string): number {
  const compact = text.replaceAll(" ", "");
  return withWhere(where, () => parseRate(compact, "the limit"));
}

function withWhere<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw usageError(`${where}: ${(cause as Error).message}`);
  }
}

function percentOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?|\.\d+) ?%$/.exec(text);
  return match === null ? null : Number(match[1]) / 100;
}

function wholeNumber(text: string, why: string, where: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw usageError(`${where}: ${text} is not a whole number; ${why}`);
}

function changeOf(text: string, where: string): { share: number } | { ns: number } {
  const [, sign, size = ""] = /^([+-]) ?(.+)$/.exec(text) ?? [];
  if (sign === undefined) {
    throw usageError(
      `${where}: ${text} is no change against the baseline; write it with its sign, such as +10%, +2ms or -5%`,
    );
  }
  const factor = sign === "-" ? -1 : 1;
  const share = percentOf(size);
  return share === null ? { ns: factor * durationOf(size, where) } : { share: factor * share };
}

function findingCode(word: string, where: string): FindingCode {
  const code = FINDING_CODES.find((one) => one === word);
  if (code !== undefined) return code;
  throw usageError(
    `${where}: ${word} is no finding${didYouMean(word, FINDING_CODES)}; use one of ${FINDING_CODES.join(", ")}`,
  );
}

const COUNTED: readonly Expectation["kind"][] = ["errors", "findings", "requests"];

/** What can never hold would fail for ever, and what always holds checks nothing. @throws NetlatError (exit 2) */
function refuseImpossible(expectation: Expectation, where: string): void {
  const { kind, comparison } = expectation;
  if (comparison === "==" && !COUNTED.includes(kind)) {
    throw usageError(`${where}: only what is counted can be equal to a number; use <, <=, > or >=`);
  }
  if (kind === "baseline") {
    const { change, quantile } = expectation;
    if (quantile === 1)
      throw usageError(`${where}: a single slowest request cannot be compared; use a quantile such as p99`);
    const least = "share" in change && change.share <= -1;
    if (least) throw usageError(`${where}: impossible, no latency falls by 100 % or more`);
    return;
  }
  const [limit, most] = limits(expectation);
  const never =
    (limit === 0 && comparison === "<") ||
    (limit >= most && comparison === ">") ||
    (limit > most && (comparison === ">=" || comparison === "=="));
  if (never)
    throw usageError(
      `${where}: impossible, it can never hold${limit === 0 ? ": nothing is below 0" : ""}; ${remedy(expectation)}`,
    );
  const always =
    (limit === 0 && comparison === ">=") ||
    (limit >= most && comparison === "<=") ||
    (limit > most && comparison === "<");
  if (always) throw usageError(`${where}: it always holds, so it checks nothing; ${remedy(expectation)}`);
}

function limits(expectation: Exclude<Expectation, { kind: "baseline" }>): [limit: number, most: number] {
  switch (expectation.kind) {
    case "quantile":
      return [expectation.limitNs, Number.POSITIVE_INFINITY];
    case "rate":
      return [expectation.limitPerSecond, Number.POSITIVE_INFINITY];
    case "error-share":
      return [expectation.limit, 1];
    default:
      return [expectation.limit, Number.POSITIVE_INFINITY];
  }
}

function remedy({ kind }: Expectation): string {
  if (kind === "quantile") return "write a limit above 0, such as 5ms";
  if (kind === "errors" || kind === "findings") return `for none at all write ${kind} == 0`;
  return "write a limit that some measurements meet and others do not";
}
