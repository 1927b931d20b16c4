/** The part of the report that sizes a connection pool. */
import { z } from "zod";
import { count, duration } from "./primitives.js";

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

export const poolSchema = z
  .object({
    arrivalPerSecond: z.number().nonnegative().describe("lambda"),
    connections: count.nullable(),
    now: poolLoadSchema,
    after: poolLoadSchema.nullable(),
    says: z.array(z.string()),
  })
  .strict();

export type PoolLoad = z.infer<typeof poolLoadSchema>;
export type PoolReport = z.infer<typeof poolSchema>;
