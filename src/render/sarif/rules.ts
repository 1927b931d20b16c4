import type { Report } from "../../report/model.js";
import { GATE_RULES, type Notice } from "../gate/notices.js";

/** reportingDescriptor (SARIF 2.1.0, 3.49); GitHub asks for every one of these texts. */
interface Rule {
  readonly id: string;
  readonly shortDescription: Message;
  readonly fullDescription: Message;
  readonly help: Message & { readonly markdown: string };
  readonly defaultConfiguration: { readonly level: Notice["level"] };
  readonly properties: { readonly tags: readonly string[] };
}

interface Message {
  readonly text: string;
}

const GATE_TEXTS: Readonly<Record<(typeof GATE_RULES)[number], readonly [short: string, full: string, help: string]>> =
  {
    "expectation-failed": [
      "An expectation of the suite does not hold",
      "What was measured is on the wrong side of the limit, by more than the uncertainty of the measurement.",
      "Remove the cause that the findings of the same check name, or change the limit if the new behaviour is meant.",
    ],
    "expectation-inconclusive": [
      "An expectation of the suite could not be judged",
      "Too few samples, a late generator, or noise above the effect asked for: this is neither a pass nor a failure.",
      "Measure more requests, calm the machine, or ask for a larger effect.",
    ],
    "check-failed": [
      "A check failed as a whole",
      "The check failed before any of its expectations could be held against a measurement.",
      "Read the reasons in the message; make sure that the target runs and can be reached.",
    ],
    "check-inconclusive": [
      "A check could not be judged as a whole",
      "There was nothing that the expectations could be held against: this is neither a pass nor a failure.",
      "Read the reasons in the message; make sure that the target runs, and measure more requests.",
    ],
    "check-flaky": [
      "A check passed only when it was tried again",
      "The first attempt did not pass, a later one did: the limit lies within what the target or the machine varies by.",
      "Measure more requests, or give the limit more room.",
    ],
  };

/** One rule for each code among the notices; its help is what the report says of the fix. */
export function rulesOf(notices: readonly Notice[], report: Report): Rule[] {
  const ids = [...new Set(notices.map(({ rule }) => rule))];
  return ids.map((id) => (isGateRule(id) ? gateRule(id) : findingRule(id, notices, report)));
}

const isGateRule = (id: string): id is (typeof GATE_RULES)[number] => (GATE_RULES as readonly string[]).includes(id);

function gateRule(id: (typeof GATE_RULES)[number]): Rule {
  const [short, full, help] = GATE_TEXTS[id];
  return rule(id, short, full, [help], id.endsWith("failed") ? "error" : "warning");
}

function findingRule(id: Notice["rule"], notices: readonly Notice[], report: Report): Rule {
  const found = report.findings.filter(({ code }) => code === id);
  const fixes = [...new Set(found.flatMap(({ fix }) => fix))];
  const level = notices.find((notice) => notice.rule === id)?.level ?? "warning";
  return rule(id, id.replaceAll("-", " "), found[0]?.title ?? id, [...fixes, `netlat explain ${id}`], level);
}

const rule = (id: string, short: string, full: string, help: readonly string[], level: Notice["level"]): Rule => ({
  id,
  shortDescription: { text: short },
  fullDescription: { text: full },
  help: { text: help.join("\n"), markdown: help.map((line) => `- ${line}`).join("\n") },
  defaultConfiguration: { level },
  properties: { tags: ["latency"] },
});
