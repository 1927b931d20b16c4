/** The server ended the connection because it was pinged too often (RFC 9113 section 7, ENHANCE_YOUR_CALM). */
import type { SeenGoaway } from "../../capture/flows/flow-events.js";
import { PROSE } from "../prose.js";
import type { CaptureDetector } from "./detector.js";
import { findingOf } from "./finding.js";
import { GoawayWatch } from "./goaways.js";

const prose = PROSE["h2-ping-enforced"];

export const h2PingEnforced: CaptureDetector<"h2-ping-enforced"> = {
  code: "h2-ping-enforced",
  needs: ["http2"],
  start: (context) =>
    new GoawayWatch(context, isPingEnforcement, (service, tally, { debug, of }) =>
      findingOf(service, tally, {
        code: "h2-ping-enforced",
        severity: "error",
        confidence: "certain",
        title: ({ count }) => prose.title(count, of, debug),
        first: [],
        fix: prose.fix,
        of,
      }),
    ),
};

export const isPingEnforcement = ({ codeName, pings }: SeenGoaway): boolean =>
  codeName === "ENHANCE_YOUR_CALM" && pings > 0;
