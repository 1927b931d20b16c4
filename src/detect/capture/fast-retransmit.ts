/** A loss that duplicate ACKs, SACK or RACK told the sender of (RFC 5681 3.2, RFC 6675, RFC 8985): about one round trip is lost. */
import { PROSE } from "../prose.js";
import type { CaptureDetector } from "./detector.js";
import { findingOf } from "./finding.js";
import { ResendWatch } from "./resends.js";

const prose = PROSE["fast-retransmit"];

export const fastRetransmit: CaptureDetector<"fast-retransmit"> = {
  code: "fast-retransmit",
  needs: ["flows"],
  start: (context) =>
    new ResendWatch("fast-retransmit", context, (service, sender, tally) =>
      findingOf(service, tally, {
        code: "fast-retransmit",
        severity: "warning",
        confidence: "certain",
        title: (delayed) => prose.title(sender, delayed),
        first: [],
        fix: prose.fix,
      }),
    ),
};
