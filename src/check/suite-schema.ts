/** The shape of a suite: which keys stand where. What the values mean is read afterwards, as the command line reads them. */
import { z } from "zod";
import type { FindingCode } from "../report/model.js";

/** An option of `netlat probe` or `netlat pcap`, as a key of a suite. */
export interface OptionWord {
  /** Without the dashes. */
  readonly name: string;
  readonly description: string;
}

/** What may stand in a check, by its kind; whoever runs the checks knows. */
export interface Vocabulary {
  readonly probe: readonly OptionWord[];
  readonly pcap: readonly OptionWord[];
  /** The codes that each kind can find. */
  readonly findings: { readonly probe: readonly FindingCode[]; readonly pcap: readonly FindingCode[] };
  /** The kinds of failed requests that each kind can count. */
  readonly errors: { readonly probe: readonly string[]; readonly pcap: readonly string[] };
}

/** A scalar as it is written; an editor that reads YAML's numbers and booleans finds them accepted. */
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const setting = z.union([scalar, z.array(scalar)]);

const where = z.string().describe("levels of the cells that are meant, such as nagle=on or nagle=on split=fields");
const service = scalar.describe("the service that is meant: its port, or address and port");
const expectation = z.union([
  z.string().describe("such as p99 < 5ms"),
  z
    .object({
      where: where.optional(),
      service: service.optional(),
      expect: z.union([z.string(), z.array(z.string())]),
    })
    .strict()
    .describe("expectations of some cells or of one service only"),
]);

const common = {
  name: z.string().optional().describe("what --only and the report call it; the endpoint or file when not given"),
  baseline: z.string().optional().describe("a report kept beside the suite; netlat check --update-baseline writes it"),
  expect: z.union([expectation, z.array(expectation).min(1)]).describe("what must hold"),
};

/** @returns the zod schema of a suite; strict: a key that is not in it is a mistake */
export function suiteSchema({ probe, pcap }: Vocabulary) {
  const settings = (words: readonly OptionWord[]) =>
    Object.fromEntries(words.map(({ name, description }) => [name, setting.optional().describe(description)]));
  const probeCheck = z
    .object({
      ...settings(probe),
      ...common,
      probe: z.string().describe("an endpoint, such as memcached://host:11211/key or lab:memcached"),
    })
    .strict();
  const pcapCheck = z
    .object({ ...settings(pcap), ...common, pcap: z.string().describe("a capture, seen from the suite's folder") })
    .strict();
  const defaults = z.object(settings([...pcap, ...probe])).strict();
  return {
    probeCheck,
    pcapCheck,
    suite: z
      .object({
        version: z.union([z.literal("1"), z.literal(1)]),
        defaults: defaults.optional().describe("options of all checks that know them; a check's own come first"),
        checks: z.array(z.union([probeCheck, pcapCheck])).min(1),
      })
      .strict(),
  };
}

/** The published JSON Schema (draft 2020-12) of a suite, for editors: text that ends with a newline. */
export function suiteJsonSchema(vocabulary: Vocabulary): string {
  const { $schema, ...rest } = z.toJSONSchema(suiteSchema(vocabulary).suite);
  const schema = { $schema, title: "netlat.suite/1", description: "A suite of netlat check.", ...rest };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
