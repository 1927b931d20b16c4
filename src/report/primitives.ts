/** The words that all parts of the report model are written in. Durations are nanoseconds. */
import { z } from "zod";

export const duration = z.number().nonnegative();
export const signedDuration = z.number();
export const count = z.int().nonnegative();

export const histogramSchema = z
  .object({
    unit: z.literal("ns"),
    count,
    min: duration,
    max: duration,
    mean: duration,
    p50: duration,
    p90: duration,
    p99: duration,
    p999: duration,
    hdr: z.string().describe("HdrHistogram V2 compressed, base64: the whole distribution, 3 significant digits"),
  })
  .strict();

export type HistogramData = z.infer<typeof histogramSchema>;
