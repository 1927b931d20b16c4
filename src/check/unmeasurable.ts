/** What a kind of check can never show: told before anything is measured. */
import { usageError } from "../errors.js";
import { nearest } from "../units/nearest.js";
import type { Expectation } from "./expectation.js";
import type { Vocabulary } from "./suite-schema.js";

/** What of a check decides it. */
interface Measured {
  readonly kind: "probe" | "pcap";
  readonly settings: readonly { readonly key: string }[];
  readonly baseline?: object;
  readonly expectations: readonly Expectation[];
}

/**
 * @param name the suite's file, for the error
 * @throws NetlatError (exit 2) with file, line and what could be expected instead
 */
export function refuseUnmeasurable(check: Measured, name: string, vocabulary: Vocabulary): void {
  for (const expectation of check.expectations) {
    const complaint = complaintOf(expectation, check, vocabulary);
    if (complaint !== null) throw usageError(`${name}:${expectation.line}: ${expectation.text}: ${complaint}`);
  }
}

/** null: it can be measured. */
function complaintOf(
  expectation: Expectation,
  { kind, settings, baseline }: Measured,
  words: Vocabulary,
): string | null {
  if (kind === "pcap" && expectation.selector.factors.size > 0)
    return `where ${expectation.selector.text}: a capture has no levels; pick a service with service: instead`;
  if ("series" in expectation && expectation.series === "corrected") {
    const remedy =
      kind === "pcap" ? "a capture does not tell it; use p99 instead" : "give the check a rate:, such as rate: 1000/s";
    if (kind === "pcap" || settings.every(({ key }) => key !== "rate"))
      return `corrected latency counts from when a request was due, which needs an open loop; ${remedy}`;
  }
  if (expectation.kind === "findings" && expectation.code !== undefined) {
    const known = words.findings[kind];
    return known.includes(expectation.code) ? null : `a ${kind} check cannot find that; it finds ${known.join(", ")}`;
  }
  if (expectation.kind === "errors" || expectation.kind === "error-share")
    return noSuchError(expectation.error, kind, words.errors[kind]);
  if (expectation.kind === "baseline" && baseline === undefined)
    return "this check has no baseline; give it one, such as baseline: baselines/NAME.json, and write it with --update-baseline";
  return null;
}

/** A kind of error that never comes would pass for ever. */
function noSuchError(error: string | undefined, kind: Measured["kind"], known: readonly string[]): string | null {
  if (error === undefined || known.includes(error)) return null;
  const meant = nearest(error, known);
  return `a ${kind} check knows no error ${error}${meant === undefined ? "" : ` (did you mean ${meant}?)`}; it knows ${known.join(", ")}`;
}
