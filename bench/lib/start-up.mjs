import { spawnSync } from "node:child_process";
import { median, shuffled } from "./statistics.mjs";
import { met, printTable, ratio } from "./table.mjs";

const LIMIT = 1.6;

/** `netlat --version` against an empty Node, in interleaved pairs. */
export function startUp({ netlat, startUpPairs }) {
  const programs = { empty: ["-e", "0"], version: [netlat, "--version"] };
  const tookMs = { empty: [], version: [] };
  for (let pair = -1; pair < startUpPairs; pair++) {
    for (const name of shuffled(Object.keys(programs))) {
      const started = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, programs[name], { encoding: "utf8" });
      if (status !== 0) throw new Error(`netlat --version: exit ${status}: ${stderr.trim()}`);
      if (pair >= 0) tookMs[name].push(Number(process.hrtime.bigint() - started) / 1e6);
    }
  }
  const result = {
    nodeMs: median(tookMs.empty),
    versionMs: median(tookMs.version),
    ratio: median(tookMs.version.map((took, pair) => took / tookMs.empty[pair])),
    limit: LIMIT,
  };
  printTable(
    `Start-up, median of ${startUpPairs} interleaved pairs`,
    ["program", "wall time", "ratio", "limit"],
    [
      ["node -e 0", `${result.nodeMs.toFixed(1)} ms`, ratio(1), ""],
      ["netlat --version", `${result.versionMs.toFixed(1)} ms`, ratio(result.ratio), met(result.ratio, LIMIT)],
    ],
  );
  return result;
}
