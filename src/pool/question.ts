/** What is asked of a pool: its load, how sure that is known, and what to be ready for. */
import type { PoolQuestion } from "./littles-law.js";
import type { Variate } from "./variate.js";

type Origin = "given" | "measured" | "assumed";

export interface PoolAnalysisQuestion extends PoolQuestion {
  /** How long a request holds its connection; of the mean `residenceNs`. */
  readonly service: Variate;
  /** Where the rate comes from: a pool that is full holds down the rate that is measured. */
  readonly rateFrom: "given" | "measured";
  readonly serviceFrom: Origin;
  /** The same after the fix; of the mean `afterNs`; null when there is none. */
  readonly afterService: Variate | null;
  /** Squared coefficient of variation of the gaps between arrivals. */
  readonly arrivalCv2: number;
  readonly arrivalFrom: Origin;
  /** null: a tenth of the time that a request holds its connection. */
  readonly targetWaitP99Ns: number | null;
  /** Factor on the arrivals to be ready for, above 0; null: none. */
  readonly growth: number | null;
  readonly tasks: { readonly perTask: number; readonly tasks: number } | null;
  /** What each finding would leave of `residenceNs`. */
  readonly fixes: readonly { readonly code: string; readonly residenceNs: number }[];
  readonly seed: number;
  /** Requests that each simulation counts, 20 at least. */
  readonly arrivals: number;
}
