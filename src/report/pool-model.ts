/** The part of the report that sizes a connection pool. */
import { z } from "zod";
import { count, duration } from "./primitives.js";

const share = z.number().min(0).max(1);

const poolLoadSchema = z
  .object({
    residenceNs: duration.describe("W"),
    inFlight: z.number().nonnegative().describe("L = lambda x W"),
    connectionsNeeded: count,
    utilisation: z
      .number()
      .nonnegative()
      .nullable()
      .describe("L / connections; null when the number of connections is not given"),
    capacityPerSecond: z.number().nonnegative().nullable().describe("connections / W"),
    waiting: z.number().nonnegative().nullable().describe("L - connections where that is above 0"),
    stable: z.boolean().nullable(),
  })
  .strict();

const variabilitySchema = z
  .object({
    arrivalCv2: z.number().nonnegative().describe("squared coefficient of variation of the gaps between arrivals"),
    arrivalFrom: z.enum(["given", "measured", "assumed"]),
    serviceCv2: z.number().nonnegative().describe("the same of the time that a request holds its connection"),
    serviceFrom: z.enum(["given", "measured", "assumed"]),
    says: z.array(z.string()),
  })
  .strict();

/** A 95 % confidence interval. */
const intervalSchema = z.object({ low: z.number().nonnegative(), high: z.number().nonnegative() }).strict();

const modelSchema = z
  .object({
    model: z.enum(["M/M/c", "Allen-Cunneen", "M/D/1", "simulation"]),
    utilisation: z.number().nonnegative(),
    waitProbability: share,
    waitMeanNs: duration,
    waitP50Ns: duration.nullable().describe("of all requests, those that need not wait among them"),
    waitP99Ns: duration.nullable(),
    responseP99Ns: duration.nullable().describe("waiting and service together"),
    waitMaxNs: duration.optional().describe("simulation: the longest wait of all that were simulated"),
    interval: z
      .object({
        waitProbability: intervalSchema,
        waitMeanNs: intervalSchema,
        waitP50Ns: intervalSchema,
        waitP99Ns: intervalSchema,
        responseP99Ns: intervalSchema,
      })
      .strict()
      .optional()
      .describe("simulation: 95 % confidence, by batch means"),
    arrivals: count.optional().describe("simulation: requests simulated, warm-up not among them"),
    settled: z.boolean().optional().describe("simulation: false so near saturation that it is too short to be trusted"),
    seed: z.int().optional(),
  })
  .strict();

const caseSchema = z
  .object({
    load: z.enum(["now", "after"]),
    connections: count,
    recommended: z.boolean().describe("true: a size that is recommended, false: the size that the pool has"),
    models: z.array(modelSchema),
    warnings: z.array(z.string()).describe("where the formula and the simulation part, and what else limits them"),
  })
  .strict();

const sizeSchema = z
  .object({
    arrivalPerSecond: z.number().nonnegative(),
    residenceNs: duration,
    connections: count.nullable().describe("null: more would be needed than can be worked out"),
    waitP99Ns: duration.nullable(),
    byFormula: count.nullable().describe("what Allen-Cunneen alone would recommend"),
    from: z.enum(["simulation", "formula", "deadlock"]).describe("what decided"),
  })
  .strict();

const recommendationSchema = z
  .object({
    targetWaitP99Ns: duration,
    targetFrom: z.enum(["given", "default"]).describe("default: a tenth of the mean time that a connection is held"),
    now: sizeSchema,
    growth: z.number().positive().nullable().describe("1.3: a third more requests"),
    grown: sizeSchema.nullable(),
    after: sizeSchema.nullable(),
    says: z.array(z.string()),
  })
  .strict();

const kneeSchema = z
  .object({
    connections: count,
    utilisation: z.number().nonnegative(),
    waitProbability: share.describe("Allen-Cunneen"),
    waitP99Ns: duration.describe("Allen-Cunneen"),
    simulatedWaitP99Ns: duration.nullable(),
  })
  .strict();

const fixSchema = z
  .object({
    code: z.string(),
    load: poolLoadSchema,
    recommended: count.nullable(),
    says: z.string(),
  })
  .strict();

export const poolSchema = z
  .object({
    arrivalPerSecond: z.number().nonnegative().describe("lambda"),
    rateFrom: z
      .enum(["given", "measured"])
      .optional()
      .describe("measured: of a pool that is busy nearly always it is what the pool lets through, not what arrives"),
    connections: count.nullable(),
    now: poolLoadSchema,
    after: poolLoadSchema.nullable(),
    says: z.array(z.string()),
    streams: z
      .object({ perConnection: count, slots: count.nullable().describe("requests that may be in flight at once") })
      .strict()
      .optional()
      .describe("HTTP/2: a connection carries several requests at once; utilisation and capacity count its streams"),
    variability: variabilitySchema.optional(),
    cases: z.array(caseSchema).optional().describe("what waits, by several models side by side"),
    recommendation: recommendationSchema.optional(),
    knee: z.array(kneeSchema).optional(),
    fixes: z.array(fixSchema).optional().describe("the load without what each finding costs"),
    deadlock: z
      .object({
        perTask: count,
        tasks: count,
        floor: count.describe("with fewer connections than this, tasks can wait for each other for ever"),
        safe: z.boolean().nullable(),
        says: z.string(),
      })
      .strict()
      .optional(),
  })
  .strict();

export type PoolLoad = z.infer<typeof poolLoadSchema>;
export type PoolReport = z.infer<typeof poolSchema>;
export type PoolCase = z.infer<typeof caseSchema>;
export type PoolModel = z.infer<typeof modelSchema>;
export type PoolSize = z.infer<typeof sizeSchema>;
export type PoolKnee = z.infer<typeof kneeSchema>;
export type PoolFix = z.infer<typeof fixSchema>;
