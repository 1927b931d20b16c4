/** The part of the report that says whether a suite's expectations hold. */
import { z } from "zod";
import { count, duration, signedDuration } from "./primitives.js";

const outcome = z.enum(["pass", "fail", "inconclusive"]);

const expectationSchema = z
  .object({
    text: z.string().describe("as it stands in the suite"),
    line: count.describe("of the suite's file, from 1"),
    run: z.string().nullable().describe("the cell or service; null: all of the check"),
    outcome,
    observed: z.string().describe("what was seen, with its unit"),
    says: z.string(),
  })
  .strict();

const baselineUpdateSchema = z
  .object({
    file: z.string(),
    status: z.enum(["written", "refused"]),
    says: z.string().describe("why, with the remedy where it was refused"),
    changes: z.array(
      z
        .object({
          run: z.string(),
          quantile: z.number().gt(0).lt(1),
          oldNs: duration,
          newNs: duration,
          lowNs: signedDuration
            .nullable()
            .describe("95 % confidence interval of the difference; null: too few requests"),
          highNs: signedDuration.nullable(),
          looser: z.boolean(),
        })
        .strict(),
    ),
  })
  .strict();

export const gateSchema = z
  .object({
    checks: z.array(
      z
        .object({
          name: z.string(),
          kind: z.enum(["probe", "pcap"]),
          subject: z.string().describe("the endpoint or file"),
          line: count,
          outcome,
          reasons: z.array(z.string()),
          attempts: count.describe("1 and the retries that were made"),
          attemptOutcomes: z.array(outcome),
          durationNs: duration,
          exitCode: z.int().describe("what this check alone would end with"),
          expectations: z.array(expectationSchema),
          runs: z.array(z.string()).describe("ids in `runs` that belong to this check"),
          baselineUpdate: baselineUpdateSchema.optional().describe("--update-baseline: what became of it"),
          findings: z.array(count).describe("positions in `findings`, from 0, of what was found in this check"),
        })
        .strict(),
    ),
    notRun: z.array(z.string()).describe("checks left out by --only, or after an interruption"),
  })
  .strict();

export type Gate = z.infer<typeof gateSchema>;
