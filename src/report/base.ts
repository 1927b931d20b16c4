import { SCHEMA_ID } from "./codes.js";
import type { Report } from "./model.js";

/**
 * The parts of a report that do not depend on what was asked: everything else is empty until a command fills it.
 * @param environment facts of the machine, and `toolVersion` of this program, from whoever may look them up
 */
export function reportBase(
  startedAt: Date,
  environment: Report["environment"],
  toolVersion: string,
): Omit<Report, "source"> {
  return {
    schema: SCHEMA_ID,
    tool: { name: "netlat", version: toolVersion },
    environment,
    startedAt: startedAt.toISOString(),
    runs: [],
    flows: [],
    effects: [],
    findings: [],
    theories: [],
    detectors: [],
    pool: null,
    verdict: { status: "none", reasons: [] },
  };
}
