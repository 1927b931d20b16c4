/** Far more connections than the load, and a good deal more of it, would ever use. docs/findings/pool-oversized.md */
import type { Finding } from "../../report/model.js";
import { digits } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import { OVERSIZED_FACTOR, OVERSIZED_SPARE } from "../thresholds.js";
import { modelled, requestsOf, type SizedPool } from "./sized-pool.js";

const prose = PROSE["pool-oversized"];

export function poolOversized(sized: SizedPool): Finding | null {
  const { pool, name } = sized;
  const { connections, recommendation, now } = pool;
  const enough = recommendation === undefined ? null : (recommendation.grown ?? recommendation.now).connections;
  if (connections === null || enough === null || now.stable !== true) return null;
  if (connections < OVERSIZED_FACTOR * enough || connections - enough < OVERSIZED_SPARE) return null;
  return {
    code: "pool-oversized",
    severity: "info",
    title: prose.title(connections, enough),
    subject: { pool: name },
    count: 0,
    of: requestsOf(sized),
    costNs: { total: 0, p50: 0, max: 0 },
    confidence: modelled(sized),
    evidence: [
      {
        says: `${digits(now.inFlight)} of ${connections} connections are in use on average; ${enough} ${enough === 1 ? "keeps" : "keep"} the wait below the target`,
      },
    ],
    fix: [...prose.fix],
    whatIf: null,
  };
}
