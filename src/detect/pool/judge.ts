/** Judges pools that `netlat pool` has sized: too few connections, or far too many. */
import type { DetectorOutcome, Finding } from "../../report/model.js";
import type { PoolFindingCode } from "../finding-codes.js";
import { poolOversized } from "./pool-oversized.js";
import { poolUndersized } from "./pool-undersized.js";
import type { PoolDetector, SizedPool } from "./sized-pool.js";

const DETECTORS: { readonly [C in PoolFindingCode]: PoolDetector } = {
  "pool-undersized": poolUndersized,
  "pool-oversized": poolOversized,
};

const SEVERITIES: readonly Finding["severity"][] = ["error", "warning", "info"];

/** Findings, errors first, and for each detector whether it could judge. */
export function judgePools(pools: readonly SizedPool[]): { findings: Finding[]; detectors: DetectorOutcome[] } {
  const judged = pools.filter(({ pool }) => pool.connections !== null);
  const codes = Object.keys(DETECTORS) as PoolFindingCode[];
  const found = codes.flatMap((code) => judged.map(DETECTORS[code]).filter((finding) => finding !== null));
  return {
    findings: SEVERITIES.flatMap((severity) => found.filter((finding) => finding.severity === severity)),
    detectors: codes.map((code) =>
      judged.length === 0
        ? { code, status: "not-applicable", reason: "the number of connections is not known (--connections)" }
        : { code, status: "ran", reason: `looked at ${judged.length} of ${pools.length} pools` },
    ),
  };
}
