/** The flags that `netlat compare` and `netlat probe --ab` share. */
import type { Option } from "commander";
import type { Question } from "../compare/compare-runs.js";
import { type MinimumEffect, parseMinimumEffect } from "../compare/minimum-effect.js";
import { usageError } from "../errors.js";
import { option, type Reader } from "./options.js";

export interface ComparisonOptions {
  readonly confidence: number;
  readonly minEffect: MinimumEffect;
  readonly quantiles: readonly number[];
}

export const comparisonOptions = (): Option[] => [
  option(
    "--min-effect <effect>",
    "the smallest difference to tell, such as 0.1ms, or 5% of the base",
    parseMinimumEffect,
    "5%",
  ),
  option("--confidence <percent>", "of each interval and of the verdict", readConfidence, "95%"),
  option(
    "--quantiles <list>",
    "quantiles to compare, such as p50,p99; the first decides the verdict",
    readQuantiles,
    "p50,p90,p99",
  ),
];

export const questionOf = ({ confidence, minEffect, quantiles }: ComparisonOptions): Omit<Question, "interleaved"> => ({
  confidence,
  minimumEffect: minEffect,
  quantiles,
});

/** `95%` or `0.95`, from 50 % to 99.99 %. */
const readConfidence: Reader<number> = (text, name) => {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text.trim());
  const confidence = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1);
  if (confidence >= 0.5 && confidence <= 0.9999) return Number(confidence.toPrecision(12));
  throw usageError(`${name} ${text}: not a confidence; use a percentage from 50% to 99.99%, such as 95%`);
};

/** `p50,p99.9`: each once, in the order given. */
const readQuantiles: Reader<readonly number[]> = (text, name) => {
  const quantiles = text.split(",").map((word) => {
    const match = /^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(word.trim());
    return Number((Number(match?.[1]) / 100).toPrecision(12));
  });
  if (quantiles.every((quantile) => quantile > 0 && quantile < 1)) return [...new Set(quantiles)];
  throw usageError(`${name} ${text}: not a list of quantiles; write them as p50,p99 or p99.9, between p0 and p100`);
};
