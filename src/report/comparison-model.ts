/** The part of the report that holds two measurements against each other. */
import { z } from "zod";
import { count, duration, signedDuration } from "./primitives.js";

const verdict = z
  .enum(["faster", "slower", "same", "cannot-tell"])
  .describe(
    "faster, slower: more than chance, and at least the minimum effect; same: the whole interval is inside the minimum effect",
  );

/** The difference of one quantile, new minus base, with its confidence interval. */
const quantileDifferenceSchema = z
  .object({
    quantile: z.number().gt(0).lt(1),
    baseNs: duration,
    newNs: duration,
    differenceNs: signedDuration,
    lowNs: signedDuration.nullable().describe("null: too few values for an interval"),
    highNs: signedDuration.nullable(),
    minimumNs: duration.describe("the minimum effect at this quantile"),
    unit: z.enum(["rounds", "runs", "blocks", "requests"]).describe("what was taken as independent"),
    units: z.object({ base: count, new: count }).strict(),
    pValue: z.number().min(0).max(1),
    adjustedPValue: z.number().min(0).max(1).describe("over all pairs together, for each quantile by itself (Holm)"),
    verdict,
  })
  .strict();

const pairSchema = z
  .object({
    id: z.string(),
    base: z.string().describe("the run (cell, service) of the base report"),
    new: z.string(),
    baseCount: count.describe("answered requests"),
    newCount: count,
    baseErrors: count.describe("failed requests: their latency is not among those compared"),
    newErrors: count,
    quantiles: z.array(quantileDifferenceSchema).describe("empty: one of the runs has nothing to compare"),
    pValue: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe("Mann-Whitney test of all requests, as if they were independent; the verdict does not rest on it"),
    adjustedPValue: z.number().min(0).max(1).nullable().describe("over all pairs together (Holm)"),
    effectSize: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe("probability that a request of new takes longer than one of base (Vargha and Delaney's A)"),
    verdict,
    says: z.string(),
  })
  .strict();

export const comparisonSchema = z
  .object({
    confidence: z
      .number()
      .gt(0)
      .lt(1)
      .describe("of each interval; 1 - confidence bounds the chance of one false alarm"),
    minimumEffect: z
      .string()
      .describe("what was asked for: a duration, or a share of the base's quantile; a smaller difference is not told"),
    interleaved: z.boolean().describe("both took turns in one run, round by round"),
    pairs: z.array(pairSchema),
    onlyInBase: z.array(z.string()),
    onlyInNew: z.array(z.string()),
    unlike: z.array(z.string()).describe("how the two were measured differently, besides what is compared"),
  })
  .strict();

export type Comparison = z.infer<typeof comparisonSchema>;
export type ComparedPair = z.infer<typeof pairSchema>;
export type ComparedQuantile = z.infer<typeof quantileDifferenceSchema>;
export type ComparisonVerdict = z.infer<typeof verdict>;
