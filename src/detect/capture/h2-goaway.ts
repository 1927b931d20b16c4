/** Connections that the server ended with GOAWAY while they were used. */
import { PROSE } from "../prose.js";
import type { CaptureDetector } from "./detector.js";
import { findingOf } from "./finding.js";
import { GoawayWatch } from "./goaways.js";
import { isPingEnforcement } from "./h2-ping-enforced.js";

const prose = PROSE["h2-goaway"];

export const h2Goaway: CaptureDetector<"h2-goaway"> = {
  code: "h2-goaway",
  needs: ["http2"],
  start: (context) =>
    new GoawayWatch(
      context,
      (goaway) => !isPingEnforcement(goaway),
      (service, tally, { codes, graceful, of }) =>
        findingOf(service, tally, {
          code: "h2-goaway",
          severity: graceful ? "info" : "warning",
          confidence: "certain",
          title: ({ count }) => prose.title(count, of, [...codes].join(", ")),
          first: [],
          fix: prose.fix,
          of,
        }),
    ),
};
