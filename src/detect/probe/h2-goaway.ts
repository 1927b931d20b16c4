/** Connections that the server ended with GOAWAY (RFC 9113 section 6.8): because of pings, or for another reason. */
import type { Finding, H2Facts } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { costOf } from "./cells.js";
import { notStreams } from "./stream-cells.js";

type Goaway = H2Facts["goaways"][number];

const CALM_DOWN = "ENHANCE_YOUR_CALM";

export const h2PingEnforced: ProbeDetector<"h2-ping-enforced"> = {
  code: "h2-ping-enforced",
  cannotJudge: notStreams,
  judge: (evidence) =>
    goawayCells(evidence, ({ errorCode, pings }) => errorCode === CALM_DOWN && pings > 0).map(({ cell, goaways }) => {
      const title = PROSE["h2-ping-enforced"].title(goaways.length, cell.run.connections, goaways[0]?.debug ?? "");
      return {
        ...facts(cell, goaways),
        code: "h2-ping-enforced",
        severity: "error",
        title,
        fix: [...PROSE["h2-ping-enforced"].fix],
      };
    }),
};

export const h2Goaway: ProbeDetector<"h2-goaway"> = {
  code: "h2-goaway",
  cannotJudge: notStreams,
  judge: (evidence) =>
    goawayCells(evidence, ({ errorCode, pings }) => errorCode !== CALM_DOWN || pings === 0).map(({ cell, goaways }) => {
      const codes = [...new Set(goaways.map(({ errorCode }) => errorCode))].join(", ");
      const graceful = goaways.every(({ errorCode, lostStreams }) => errorCode === "NO_ERROR" && lostStreams === 0);
      return {
        ...facts(cell, goaways),
        code: "h2-goaway",
        severity: graceful ? "info" : "warning",
        title: PROSE["h2-goaway"].title(goaways.length, cell.run.connections, codes),
        fix: [...PROSE["h2-goaway"].fix],
      };
    }),
};

/** Not only usable cells: where the server ends every connection nothing may have been answered. */
function goawayCells(
  evidence: ProbeEvidence,
  wanted: (goaway: Goaway) => boolean,
): { cell: ProbeCell; goaways: Goaway[] }[] {
  return evidence.cells
    .map((cell) => ({ cell, goaways: (cell.run.h2?.goaways ?? []).filter(wanted) }))
    .filter(({ goaways }) => goaways.length > 0);
}

function facts(cell: ProbeCell, goaways: readonly Goaway[]): Omit<Finding, "code" | "severity" | "title" | "fix"> {
  // Each ended connection costs the next request a new one.
  const setupNs = (cell.run.phases.connect?.p50 ?? 0) + (cell.run.phases.tls?.p50 ?? 0);
  return {
    subject: { run: cell.run.id },
    count: goaways.length,
    of: Math.max(goaways.length, cell.run.connections),
    costNs: costOf(goaways.map(() => setupNs)),
    confidence: "certain",
    evidence: goaways.slice(0, 3).map(({ errorCode, debug, lastStream, lostStreams, afterNs, pings }) => ({
      says:
        `GOAWAY ${errorCode}${debug === "" ? "" : ` "${debug}"`} ${formatDuration(afterNs)} after the connection was open, ` +
        `last stream ${lastStream}, ${lostStreams} of ours above it${pings === 0 ? "" : `, after ${pings} pings of ours`}`,
    })),
    whatIf: null,
  };
}
