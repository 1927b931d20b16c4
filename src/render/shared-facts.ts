/** Facts of runs in words: what is the same for all runs is said once, the rest with whose it is. */
import type { Run } from "../report/model.js";
import { cellName, type Factors, levelOf } from "./factors.js";

/** One fact of a run: what it is about, and what is so. A run without the fact has no line. */
export type Fact = readonly [label: string, text: string];

/** A fact and of which runs it holds, `whose`; empty where it holds of all. */
export interface SharedFact {
  readonly label: string;
  readonly text: string;
  readonly whose: string;
}

export interface RunFacts {
  readonly run: Run;
  readonly facts: readonly Fact[];
}

/** In the order of the labels; of a label without a place in it there is no line. */
export function sharedFacts(runs: readonly RunFacts[], order: readonly string[], factors: Factors): SharedFact[] {
  return order.flatMap((label) => {
    const byText = new Map<string, Set<Run>>();
    for (const { run, facts } of runs) {
      for (const [, text] of facts.filter(([of]) => of === label)) {
        byText.set(text, (byText.get(text) ?? new Set()).add(run));
      }
    }
    const all = runs.map(({ run }) => run);
    return [...byText].map(([text, holds]) => ({ label, text, whose: groupName([...holds], all, factors) }));
  });
}

/** By the levels that these runs share and no other has; else one by one. Empty: all of them. */
export function groupName(group: readonly Run[], all: readonly Run[], factors: Factors): string {
  if (group.length === all.length) return "";
  const [first] = group;
  const shared = factors.varying.filter(
    (name) => levelOf(first, name) !== "" && group.every((run) => levelOf(run, name) === levelOf(first, name)),
  );
  const alike = all.filter((run) => shared.every((name) => levelOf(run, name) === levelOf(first, name)));
  if (shared.length > 0 && alike.length === group.length) {
    return shared.map((name) => `${name}=${levelOf(first, name)}`).join(" ");
  }
  return group.map((run) => cellName(run, factors)).join("; ");
}
