/** Runs the built program as a user would, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Finding, Report, Run } from "../../src/report/model.js";
import { reportSchema } from "../../src/report/model.js";

const BIN = fileURLToPath(new URL("../../bin/netlat.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** @param input what stands on standard input; none: it is empty */
export function start(args: readonly string[], env: Record<string, string> = {}, input?: string): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, ended };
}

export const netlat = (args: readonly string[], env: Record<string, string> = {}, input?: string): Promise<Ended> =>
  start(args, env, input).ended;

/** The JSON report on standard output, held against the schema. */
export function reportOf({ code, stdout, stderr }: Ended): Report {
  try {
    return reportSchema.parse(JSON.parse(stdout));
  } catch (error) {
    throw new Error(`no valid report (exit ${code}): ${(error as Error).message}\n${stderr}\n${stdout.slice(0, 500)}`);
  }
}

export async function probe(args: readonly string[], env: Record<string, string> = {}): Promise<Report> {
  const ended = await netlat(["probe", ...args, "--format", "json"], env);
  if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stderr}`);
  return reportOf(ended);
}

/** The run with these levels, such as `{ nagle: "on", split: "fields" }`. */
export function runOf(report: Report, factors: Record<string, string | number>): Run {
  const found = report.runs.find((run) =>
    Object.entries(factors).every(([name, level]) => run.factors[name] === level),
  );
  if (found === undefined) throw new Error(`no run with ${JSON.stringify(factors)}`);
  return found;
}

export const findingsOf = (report: Report, code: Finding["code"]): Finding[] =>
  report.findings.filter((finding) => finding.code === code);

export const verdictsOf = (report: Report): Record<string, string> =>
  Object.fromEntries(report.theories.map(({ id, verdict }) => [id, verdict]));

/** One complete sentence for a person, and nothing that looks like a crash. */
export function looksLikeAnError(stderr: string): boolean {
  return stderr.startsWith("netlat: ") && !stderr.includes("    at ") && !stderr.includes("bug in netlat");
}
