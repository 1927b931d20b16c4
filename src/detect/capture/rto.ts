/** A loss that only the retransmission timer noticed (RFC 6298; Linux TCP_RTO_MIN = HZ/5 = 200 ms, where the RFC asks for 1 s). */
import { formatDuration } from "../../units/duration.js";
import { PROSE } from "../prose.js";
import type { CaptureDetector } from "./detector.js";
import { findingOf } from "./finding.js";
import { ResendWatch } from "./resends.js";

const prose = PROSE.rto;

export const rto: CaptureDetector<"rto"> = {
  code: "rto",
  needs: ["flows"],
  start: (context) =>
    new ResendWatch("rto", context, (service, sender, tally) =>
      findingOf(service, tally, {
        code: "rto",
        severity: "warning",
        confidence: "certain",
        title: (delayed) => prose.title(sender, delayed),
        first:
          tally.timers.count === 0
            ? []
            : [
                `the ${sender}'s retransmission timer, as measured: ${formatDuration(tally.timers.quantile(0.5))} (p50), ${formatDuration(tally.timers.max)} at most`,
              ],
        fix: prose.fix,
      }),
    ),
};
