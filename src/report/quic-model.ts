/** The part of a run that only QUIC has: of a probe's cell, and of a service in a capture. */
import { z } from "zod";
import { count, duration, histogramSchema } from "./primitives.js";

const byName = z.record(z.string(), count);

/** Values as they were sent: times in milliseconds, sizes in bytes. */
const parametersSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .describe(
    "transport parameters by the names of RFC 9000 section 18.2, as sent (times in milliseconds), no defaults filled in",
  );

/** What became of the packets that one end sent. */
const lossSchema = z
  .object({
    sent: count.describe("packets that ask for an acknowledgement"),
    acknowledged: count,
    lost: count.describe("passed over by later acknowledgements (RFC 9002 section 6.1)"),
    spurious: count.describe("of the lost, acknowledged after all"),
    ratio: z.number().nonnegative().describe("lost, the spurious not among them, of sent"),
    notSeen: count
      .optional()
      .describe(
        "packet numbers of this end that never came to where we look and were never acknowledged: lost on the way to us",
      ),
    resentBytes: count.describe("stream bytes that went again"),
  })
  .strict();

const ackDelaySchema = z
  .object({
    advertisedNs: duration.nullable().describe("max_ack_delay; null: not known"),
    claimed: histogramSchema.describe("ACK Delay fields: how long this end says it held each acknowledgement back"),
    over: count.describe("of them, above what it advertised"),
  })
  .strict();

const directionsSchema = <T extends z.ZodType>(each: T) => z.object({ client: each, server: each }).strict();

export const quicSchema = z
  .object({
    versions: byName.describe("connections by the version that was spoken, such as v1"),
    alpn: byName.describe("connections by protocol"),
    suites: byName.describe("connections by TLS cipher suite"),
    sni: byName.describe("connections by the server name asked for"),
    connections: z.object({ opened: count, mostActive: count, failed: byName.describe("by kind of failure") }).strict(),
    streams: z.object({ opened: count, mostActive: count, failed: byName.describe("by kind of failure") }).strict(),
    opened: z
      .object({
        packets: count.describe("packets that could be decrypted"),
        of: count.describe("packets seen"),
        says: z.string().describe("why not all, in words; empty when all"),
      })
      .strict(),
    handshake: z
      .object({
        total: histogramSchema.nullable().describe("first Initial until the handshake is complete at the client"),
        flights: z
          .array(
            z
              .object({
                name: z.string().describe("such as `client hello to first answer`"),
                time: histogramSchema,
              })
              .strict(),
          )
          .describe("the parts of the total, in their order; of connections that had them"),
        retries: count.describe("connections sent back by a Retry: a round trip more"),
        versionNegotiations: count,
        helloRetries: count,
      })
      .strict(),
    earlyData: z
      .object({
        offered: count.describe("connections that sent 0-RTT packets"),
        accepted: count,
        rejected: count,
        resumed: count.describe("connections that took up an earlier session, with or without 0-RTT"),
        rejectionCost: histogramSchema
          .nullable()
          .describe("what the rejected lost: from the request's first byte in 0-RTT until it went again in 1-RTT"),
      })
      .strict(),
    rtt: histogramSchema
      .nullable()
      .describe("round trips in our own datagram times (capture: to the server), the ACK delay taken out"),
    spinRtt: histogramSchema.nullable().describe("capture: round trips by the spin bit; null where it does not spin"),
    ackDelay: directionsSchema(ackDelaySchema.nullable()),
    loss: directionsSchema(lossSchema.nullable()),
    lossDelay: z
      .object({ hit: histogramSchema, spared: histogramSchema })
      .strict()
      .optional()
      .describe("latency of the requests any of whose stream bytes went again, and of all others"),
    datagrams: directionsSchema(z.object({ datagrams: count, bytes: count }).strict()),
    congestionWindowBytes: z
      .object({ last: count, most: count })
      .strict()
      .nullable()
      .describe("probe: ours, as the engine tells it; null: not known"),
    goodputBytesPerSecond: z.number().nonnegative().describe("content of the answers by the time they took together"),
    transportParameters: directionsSchema(parametersSchema.nullable()),
    migrations: z.array(
      z
        .object({
          afterRequests: count,
          validatedNs: duration.nullable().describe("new local port used until the path was validated; null: never"),
          lostRequests: count,
          says: z.string(),
        })
        .strict(),
    ),
    closes: byName.describe("connections by how they were closed, such as `server: H3_NO_ERROR`"),
    h3: z
      .object({
        serverSettings: z.record(z.string(), count).describe("as sent, no defaults filled in"),
        goaways: count,
        qpackInstructions: count.describe("of the dynamic table, which netlat refuses and does not follow"),
      })
      .strict()
      .nullable()
      .describe("null: no HTTP/3, or it could not be read"),
  })
  .strict();

export type QuicFacts = z.infer<typeof quicSchema>;
