/** Baselines are reports kept beside the suite: reads them, and writes them anew when nothing is lost by it. */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  type BaselineChange,
  baselineChanges,
  baselineOf,
  otherLosses,
  otherMachine,
  tooThin,
} from "../check/baseline.js";
import { quantileName } from "../check/expectation.js";
import type { CheckResult } from "../check/gate.js";
import type { Check } from "../check/suite.js";
import { EXIT, NetlatError, usageError } from "../errors.js";
import type { Report } from "../report/model.js";
import { parseReport } from "../report/parse.js";
import { formatDuration } from "../units/duration.js";
import type { Place } from "./check-options.js";
import type { Ui } from "./ui.js";

type Named = NonNullable<Check["baseline"]>;

/** @throws NetlatError: exit 2 when there is none, exit 3 when it is not a report; with file and line of the suite */
export async function readBaseline({ file, line }: Named, { suite, folder }: Place): Promise<Report> {
  const where = `${suite}:${line}: baseline ${file}`;
  const text = await readFile(resolve(folder, file), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT")
      throw new NetlatError(
        EXIT.unreadableInput,
        `${where}: cannot be read (${cause.code}); name the file of a report`,
      );
    throw usageError(
      `${where}: no such file; write it with netlat check --update-baseline, or name a report that exists`,
    );
  });
  return parseReport(text, where);
}

/** What --update-baseline is about to replace; null: there is none yet. @throws NetlatError (exit 3) when it is not a report */
export async function replacedBaseline(named: Named, place: Place): Promise<Report | null> {
  return readBaseline(named, place).catch((error: unknown) => {
    if (error instanceof NetlatError && error.exitCode === EXIT.usage) return null;
    throw error;
  });
}

/** Writes the report of a check that passes all else as its baseline, unless that would loosen it. */
export async function updateBaseline(
  result: CheckResult,
  place: Place,
  allowLooser: boolean,
  ui: Ui,
): Promise<CheckResult> {
  const { check, report, outcome } = result;
  const named = check.baseline as Named;
  if (report === null || outcome !== "pass") {
    return refused(
      result,
      named.file,
      `not written: the check itself is ${outcome === "fail" ? "a failure" : outcome}`,
      [],
      result.exitCode,
    );
  }
  const thin = tooThin(report, check.expectations);
  if (thin !== null) return refused(result, named.file, `not written: ${thin}`, [], EXIT.inconclusive);
  const old = await replacedBaseline(named, place);
  const changes = old === null ? [] : baselineChanges(old, report);
  const lost = old === null ? [] : otherLosses(old, report);
  const looser = [...changes.filter((change) => change.looser).map(words), ...lost];
  if (looser.length > 0 && !allowLooser) {
    const says = `not written, it would be looser: ${looser.join("; ")}; take it with --allow-looser`;
    return refused(result, named.file, says, changes, EXIT.gateFailed);
  }
  const path = resolve(place.folder, named.file);
  await makeFolder(dirname(path), `${place.suite}:${named.line}: baseline ${named.file}`);
  await ui.emit(baselineOf(report), { format: "json", output: path });
  const machine = old === null ? null : otherMachine(old, report);
  const says = [
    old === null
      ? "written, the first one"
      : looser.length > 0
        ? `written, looser: ${looser.join("; ")}`
        : "written, not looser than before",
    ...(machine === null ? [] : [`the old one was measured on another machine: ${machine}`]),
  ].join("; ");
  return { ...result, baselineUpdate: { file: named.file, status: "written", says, changes: [...changes] } };
}

/** @throws NetlatError (exit 2) */
async function makeFolder(folder: string, where: string): Promise<void> {
  await makeWithParents(folder).catch(({ code }: NodeJS.ErrnoException) => {
    throw usageError(
      `${where}: the folder ${folder} cannot be made (${code}); name a file in a folder that you may write to`,
    );
  });
}

/** Folder by folder: Node's own `recursive` never ends where the kernel says ENOENT for a parent that exists, as /proc does. */
async function makeWithParents(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeWithParents(parent);
  await mkdir(folder);
}

function refused(
  result: CheckResult,
  file: string,
  says: string,
  changes: BaselineChange[],
  exitCode: CheckResult["exitCode"],
): CheckResult {
  const outcome = exitCode === EXIT.gateFailed ? "fail" : "inconclusive";
  return {
    ...result,
    outcome,
    exitCode,
    reasons: [...result.reasons, `baseline ${file} was not written`],
    baselineUpdate: { file, status: "refused", says, changes },
  };
}

const words = ({ run, quantile, oldNs, newNs }: BaselineChange): string =>
  `${quantileName(quantile)} of ${run} ${formatDuration(oldNs)} -> ${formatDuration(newNs)}`;
