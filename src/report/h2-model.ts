/** The part of a run that only HTTP/2 (and gRPC on it) has. */
import { z } from "zod";
import { count, duration, histogramSchema } from "./primitives.js";

const settings = z.record(z.string(), count).describe("by the names of RFC 9113 section 6.5.2 and its extensions");
const bytes = z
  .object({
    fields: count.describe("name and value of each header field, as they are"),
    wire: count.describe("the same as HPACK blocks"),
  })
  .strict();

const littleSchema = z
  .object({
    arrivalPerSecond: z.number().nonnegative(),
    residenceNs: duration,
    expected: z.number().nonnegative().describe("L = lambda x W"),
    measured: z.number().nonnegative().describe("integrated over time"),
  })
  .strict();

export const h2Schema = z
  .object({
    streams: count.describe("requests that we have at once on a connection"),
    streamLimit: count
      .nullable()
      .describe("the server's SETTINGS_MAX_CONCURRENT_STREAMS; null: it sent none, no limit"),
    mostOpen: count.describe("streams that were open at once on a connection, at most"),
    serverSettings: settings.describe("as the server sent them, no defaults filled in"),
    ourSettings: settings,
    settingsAckNs: duration.nullable().describe("our SETTINGS until its acknowledgement, the first connection"),
    ping: histogramSchema.nullable().describe("round trips of PING frames on the measured connections"),
    server: histogramSchema.describe("request written to the first byte of the answer's HEADERS"),
    transfer: histogramSchema.describe("the first byte of HEADERS to the end of the stream"),
    littlesLaw: z
      .object({
        queue: littleSchema.describe("waiting for a stream"),
        wire: littleSchema.describe("on the wire and in the server"),
      })
      .strict()
      .nullable(),
    frames: z
      .object({ sent: z.record(z.string(), count), received: z.record(z.string(), count) })
      .strict()
      .describe("by type"),
    hpack: z.object({ sent: bytes, received: bytes }).strict(),
    windowWait: z
      .object({
        requests: count.describe("that had to wait for window to send their body"),
        totalNs: duration,
        maxNs: duration,
      })
      .strict(),
    resets: z.record(z.string(), count).describe("RST_STREAM by error code"),
    goaways: z.array(
      z
        .object({
          errorCode: z.string(),
          lastStream: count,
          debug: z.string(),
          afterNs: duration.describe("since the connection was open"),
          ourSettingsAcked: z.boolean(),
          pings: count.describe("that we had sent on the connection"),
          lostStreams: count.describe("above lastStream: they may be asked again"),
        })
        .strict(),
    ),
    overLimit: z
      .array(
        z
          .object({
            asked: count.describe("streams that we opened at once; 0: not tried"),
            beforeAck: z.boolean().describe("we had not acknowledged the server's SETTINGS"),
            answer: z.string(),
          })
          .strict(),
      )
      .optional()
      .describe("--over-limit: what the server does with the stream too many"),
    bulkBytes: count.optional().describe("content of the transfer that ran beside the requests (--bulk)"),
    grpc: z.record(z.string(), count).optional().describe("answers by gRPC status"),
    health: z.record(z.string(), count).optional().describe("gRPC health checks by what the server says of itself"),
  })
  .strict();

export type H2Facts = z.infer<typeof h2Schema>;
