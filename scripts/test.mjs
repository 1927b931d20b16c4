// `npm test`: everything this host can run, then in words what was not run and why. Arguments go to vitest (`npm test -- test/stats`).
// NETLAT_PEERS=required: nothing may be skipped; a skipped test then counts as failed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWhenStale } from "./build-when-stale.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const nothingMaySkip = process.env.NETLAT_PEERS === "required";

process.exitCode = buildWhenStale() ? test() : failed("the build failed, so no test ran");

function test() {
  const folder = mkdtempSync(join(tmpdir(), "netlat-test-"));
  const resultFile = join(folder, "vitest.json");
  try {
    const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`];
    const ran = spawnSync(process.execPath, [vitest, "run", ...reporters, ...args], { cwd: root, stdio: "inherit" });
    if (!existsSync(resultFile)) return failed("vitest ended without a result");
    return summarise(JSON.parse(readFileSync(resultFile, "utf8")), ran.status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what was skipped and why, then the one line that tools read. @returns {number} the exit code */
function summarise(result, vitestStatus) {
  const tests = result.testResults.flatMap((file) => file.assertionResults.map((one) => ({ ...one, file: file.name })));
  // A file that cannot be loaded has no tests of its own, and must not vanish from the count.
  const brokenFiles = result.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  );
  const passed = tests.filter((one) => one.status === "passed").length;
  const skipped = tests.filter((one) => one.status !== "passed" && one.status !== "failed");
  let failures = tests.filter((one) => one.status === "failed").length + brokenFiles.length;
  if (skipped.length > 0) listSkipped(skipped);
  if (nothingMaySkip) failures += skipped.length;
  // An error outside of any test (an unhandled rejection, no test found) only shows in vitest's exit code.
  if (vitestStatus !== 0 && failures === 0) failures = 1;
  console.log(`${passed} passed, ${failures} failed, ${nothingMaySkip ? 0 : skipped.length} skipped`);
  return failures === 0 ? 0 : 1;
}

function listSkipped(skipped) {
  const byReason = groupBy(skipped, reasonOf);
  const verdict = nothingMaySkip ? " (NETLAT_PEERS=required: counted as failed)" : "";
  console.log(`\nNot run${verdict}:`);
  for (const [reason, tests] of byReason) {
    console.log(`  ${reason}`);
    for (const one of tests) console.log(`    ${relative(root, one.file)}: ${one.fullName}`);
  }
  console.log("");
}

function reasonOf(one) {
  const selected = args.some((arg) => arg === "-t" || arg.startsWith("--testNamePattern"));
  return one.meta?.skipReason ?? (selected ? "not selected by the name given" : "skipped without a reason");
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function failed(why) {
  console.error(why);
  console.log("0 passed, 1 failed, 0 skipped");
  return 1;
}
