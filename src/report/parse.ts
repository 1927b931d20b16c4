import { z } from "zod";
import { EXIT, NetlatError } from "../errors.js";
import { fromHistogramData } from "./histogram.js";
import { type HistogramData, type Report, reportSchema, SCHEMA_ID } from "./model.js";

/**
 * Reads a saved report.
 * @param name what the text is called in the error message, such as the file's path
 * @throws NetlatError (exit 3) that names the first place where the text is not a report of this version
 */
export function parseReport(text: string, name = "the report"): Report {
  const data = parseJson(text, name);
  const schema = z.object({ schema: z.string() }).safeParse(data).data?.schema;
  if (schema !== undefined && schema !== SCHEMA_ID) {
    throw unreadable(`${name}: its schema is ${JSON.stringify(schema)}; this netlat reads ${SCHEMA_ID}`);
  }
  const result = reportSchema.safeParse(data);
  if (result.success) {
    refuseDamaged(result.data, [], name);
    return result.data;
  }
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  throw unreadable(`${name}: not a report of ${SCHEMA_ID}: at ${pathOf(issue)}: ${issue.message}`, result.error);
}

/** Every histogram must be readable: found here, the error can name the file and the place. */
function refuseDamaged(part: unknown, path: readonly PropertyKey[], name: string): void {
  if (typeof part !== "object" || part === null) return;
  if ("hdr" in part) {
    try {
      fromHistogramData(part as HistogramData);
    } catch (cause) {
      throw unreadable(`${name}: at ${pathOf({ path })}: ${(cause as Error).message}`, cause);
    }
  }
  for (const [key, inner] of Object.entries(part)) {
    refuseDamaged(inner, [...path, Array.isArray(part) ? Number(key) : key], name);
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(`${name}: not JSON: ${(cause as SyntaxError).message}`, cause);
  }
}

function unreadable(message: string, cause?: unknown): NetlatError {
  const hint = "a report is what netlat writes with --format json";
  return new NetlatError(EXIT.unreadableInput, message, cause === undefined ? { hint } : { hint, cause });
}

/** `runs[0].latency.p99`. */
function pathOf({ path }: { path: readonly PropertyKey[] }): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return text.replace(/^\./, "") || "its top level";
}
