import { z } from "zod";
import { reportSchema, SCHEMA_ID } from "./model.js";

/** The published JSON Schema (draft 2020-12) of the report, as schema/report.v1.json holds it: text that ends with a newline. */
export function reportJsonSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(reportSchema);
  const schema = { $schema, title: SCHEMA_ID, description: "A report of netlat. Durations are nanoseconds.", ...rest };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
