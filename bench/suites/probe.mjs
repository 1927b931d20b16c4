/** What netlat's own measuring costs: beside a C client and sockperf, beside redis-benchmark, and at start-up. */
import { openLoopLag, rateAgainstRedis } from "../lib/load.mjs";
import { roundTrips } from "../lib/round-trips.mjs";
import { startUp } from "../lib/start-up.mjs";

const FULL = { rounds: 7, requests: 20_000, sockperfSeconds: 1, loadSeconds: 3, loadRounds: 3, startUpPairs: 30 };
const QUICK = { rounds: 3, requests: 3000, sockperfSeconds: 1, loadSeconds: 1, loadRounds: 1, startUpPairs: 8 };

/** @returns the parts of the result by name; a part that could not be measured says why */
export async function bench({ quick, netlat, placement }) {
  const settings = quick ? QUICK : FULL;
  const parts = { startUp, roundTrips, rateAgainstRedis, openLoopLag };
  const result = { settings };
  for (const [name, measure] of Object.entries(parts)) {
    try {
      result[name] = await measure({ ...settings, netlat, placement });
    } catch (error) {
      result[name] = { notMeasured: error.message };
      process.exitCode = 1;
      console.log(`\n${name}: not measured: ${error.message}`);
    }
  }
  return result;
}
