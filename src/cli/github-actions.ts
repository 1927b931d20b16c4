/**
 * What the program does of its own when it runs as a step of GitHub Actions: a gate annotates the suite's file and writes the step's summary,
 * and text for people cannot be taken for a workflow command.
 */
import { appendFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import type { Report } from "../report/model.js";
import type { Host } from "./host.js";
import { whyUnwritten } from "./output-file.js";

type Env = Host["env"];

export const inGithubActions = (env: Env): boolean => env.GITHUB_ACTIONS === "true";

/**
 * The suite's path as GitHub wants it, from the root of the repository: a step may run in a folder below it.
 * @returns the report itself where there is no suite, or it is outside the repository
 */
export function fromRepository(report: Report, env: Env): Report {
  const { source } = report;
  const root = env.GITHUB_WORKSPACE ?? "";
  if (source.kind !== "check" || root === "" || !inGithubActions(env)) return report;
  const path = relative(root, resolve(source.suite));
  const outside = path === "" || path.startsWith("..") || isAbsolute(path);
  return outside ? report : { ...report, source: { ...source, suite: path } };
}

/**
 * The runner takes a line that begins with `::name` for a command, and `##[name]` anywhere in it (actions/runner, ActionCommand.cs). A
 * server's answer that stands in the report must not give it any.
 */
export const asLog = (text: string): string =>
  text.replaceAll(/^([^\S\n]*):(?=:[a-z])/gim, "$1: ").replaceAll("##[", "## [");

/**
 * Adds to the summary that GitHub shows for the step.
 * @returns a sentence when that cannot be done: the gate's outcome does not hang on it
 */
export async function addStepSummary(markdown: string, env: Env): Promise<string | null> {
  const path = env.GITHUB_STEP_SUMMARY ?? "";
  if (path === "") return null;
  try {
    await appendFile(path, markdown);
    return null;
  } catch (cause) {
    return `GITHUB_STEP_SUMMARY ${path}: the summary was not written (${whyUnwritten(cause)})`;
  }
}
