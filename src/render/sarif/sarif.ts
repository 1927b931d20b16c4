/**
 * SARIF 2.1.0 (OASIS), for code scanning: a result for each expectation that does not hold and for each finding, at its line of the suite.
 * Inconclusive is a warning, not the kind `open`: viewers that know no kinds, GitHub's among them, would show that as nothing at all.
 */
import type { DetectorOutcome, Report } from "../../report/model.js";
import { noticesOf, summaryOf } from "../gate/notices.js";
import type { Renderer } from "../renderer.js";
import { harmlessReport } from "../text.js";
import { resultOf } from "./results.js";
import { rulesOf } from "./rules.js";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

export const sarif: Renderer = (report) => {
  const safe = { ...harmlessReport(report, true), source: report.source }; // a file keeps its name; it is encoded as a URI
  const notices = noticesOf(safe);
  const rules = rulesOf(notices, safe);
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: safe.tool.name, version: safe.tool.version, semanticVersion: safe.tool.version, rules },
        },
        automationDetails: { id: `netlat/${safe.source.kind}/` },
        invocations: [invocation(safe)],
        results: notices.map((notice) =>
          resultOf(
            notice,
            rules.findIndex(({ id }) => id === notice.rule),
          ),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
};

/** "No results" must never mean "could not look": detectors that did not run are notifications. */
function invocation(report: Report): object {
  const { title, lines } = summaryOf(report);
  return {
    executionSuccessful: !report.detectors.some(({ status }) => status === "failed"),
    startTimeUtc: report.startedAt,
    toolExecutionNotifications: [
      { level: "note", message: { text: [title, ...lines].join("\n") } },
      ...report.detectors.filter(({ status }) => status !== "ran").map(notification),
    ],
  };
}

const notification = ({ code, status, reason }: DetectorOutcome): object => ({
  level: status === "failed" ? "error" : "note",
  message: { text: `${code}: ${status === "failed" ? "failed" : "could not judge"}: ${reason}` },
});
