/** The part of the report that holds two measurements against each other. */
import { z } from "zod";
import { count, duration, signedDuration } from "./primitives.js";

/** The difference of one quantile, new minus base, with its confidence interval. */
const quantileDifferenceSchema = z
  .object({
    quantile: z.number().gt(0).lt(1),
    baseNs: duration,
    newNs: duration,
    differenceNs: signedDuration,
    lowNs: signedDuration.nullable().describe("null: too few values for an interval"),
    highNs: signedDuration.nullable(),
  })
  .strict();

export const comparisonSchema = z
  .object({
    confidence: z.number().gt(0).lt(1).describe("over all pairs together (Holm)"),
    minimumEffectNs: duration.describe("differences smaller than this are called same"),
    pairs: z.array(
      z
        .object({
          id: z.string(),
          base: z.string().describe("the run (cell, service) of the base report"),
          new: z.string(),
          baseCount: count,
          newCount: count,
          unit: z.enum(["requests", "blocks"]).describe("what was taken as independent"),
          units: z.object({ base: count, new: count }).strict(),
          quantiles: z.array(quantileDifferenceSchema),
          pValue: z.number().min(0).max(1).nullable(),
          adjustedPValue: z.number().min(0).max(1).nullable(),
          effectSize: z
            .number()
            .min(0)
            .max(1)
            .nullable()
            .describe("probability that a request of new takes longer than one of base (Vargha and Delaney's A)"),
          verdict: z.enum(["faster", "slower", "same", "cannot-tell"]),
          says: z.string(),
        })
        .strict(),
    ),
    onlyInBase: z.array(z.string()),
    onlyInNew: z.array(z.string()),
  })
  .strict();

export type Comparison = z.infer<typeof comparisonSchema>;
