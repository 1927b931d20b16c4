/** Expectations of one check that cannot hold together. */
import { usageError } from "../errors.js";
import { type Expectation, isUpper, type Selector } from "./expectation.js";

/** A limit on something that grows with `rank`: of two quantiles of one series the higher is never the smaller. */
interface Bound {
  readonly expectation: Expectation;
  readonly quantity: string;
  readonly rank: number;
  readonly limit: number;
}

/**
 * `p99 < 5ms` beside `p99 > 10ms`, or beside `p50 > 10ms`.
 * @param name the suite's file, for the error
 * @throws NetlatError (exit 2) that names both lines
 */
export function refuseContradictions(expectations: readonly Expectation[], name: string): void {
  const bounds = expectations.flatMap(boundOf);
  for (const lower of bounds.filter(({ expectation }) => !isUpper(expectation.comparison))) {
    for (const upper of bounds) {
      if (!isAbove(lower, upper)) continue;
      const [first, second] = [lower.expectation, upper.expectation].sort((left, right) => left.line - right.line);
      throw usageError(
        `${name}:${second!.line}: ${second!.text}: impossible together with ${first!.text} in line ${first!.line}; keep one of them, or give each its own where:`,
      );
    }
  }
}

function isAbove(lower: Bound, upper: Bound): boolean {
  const { comparison } = upper.expectation;
  if (comparison === ">" || comparison === ">=" || lower.expectation === upper.expectation) return false;
  if (lower.quantity !== upper.quantity || lower.rank > upper.rank) return false;
  if (!overlap(lower.expectation.selector, upper.expectation.selector)) return false;
  const closed = comparison !== "<" && lower.expectation.comparison !== ">";
  return closed ? lower.limit > upper.limit : lower.limit >= upper.limit;
}

/** Surely about the same runs: the same words, or one of them is about all. */
const overlap = (left: Selector, right: Selector): boolean =>
  left.text === "" || right.text === "" || left.text === right.text;

function boundOf(expectation: Expectation): Bound[] {
  switch (expectation.kind) {
    case "quantile":
      return [{ expectation, quantity: expectation.series, rank: expectation.quantile, limit: expectation.limitNs }];
    case "rate":
      return [{ expectation, quantity: "rate", rank: 0, limit: expectation.limitPerSecond }];
    case "errors":
    case "error-share":
      return [
        { expectation, quantity: `${expectation.kind} ${expectation.error ?? ""}`, rank: 0, limit: expectation.limit },
      ];
    case "requests":
      return [{ expectation, quantity: "requests", rank: 0, limit: expectation.limit }];
    case "findings":
      return [{ expectation, quantity: `findings ${expectation.code ?? ""}`, rank: 0, limit: expectation.limit }];
    case "baseline":
      return "share" in expectation.change
        ? [
            {
              expectation,
              quantity: `baseline ${expectation.series} ${expectation.quantile}`,
              rank: 0,
              limit: expectation.change.share,
            },
          ]
        : [];
  }
}
