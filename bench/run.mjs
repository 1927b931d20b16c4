/**
 * Side-by-side measurements against peers: `npm run bench -- probe [--quick] [--placement apart|together|free]`,
 * `npm run bench -- pcap [--quick] [--keep]` (--keep: the captures that it made stay in the temporary folder).
 * `npm run bench -- compare [--quick]` (ten minutes; it measures this machine's mood too, so leave it alone meanwhile).
 * `npm run bench -- h2 [--quick] [--placement apart|together|free]`, `npm run bench -- quic` likewise.
 * A full run is kept in bench/results/<suite>.json together with the machine's facts; a quick one in bench/build/.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { busyWarning, machineFacts } from "./lib/machine.mjs";
import { stopAll } from "./lib/processes.mjs";

/** A new suite is one file in bench/suites and one line here. */
const SUITES = {
  probe: () => import("./suites/probe.mjs"),
  pcap: () => import("./suites/pcap.mjs"),
  compare: () => import("./suites/compare.mjs"),
  h2: () => import("./suites/h2.mjs"),
  quic: () => import("./suites/quic.mjs"),
};
const PLACEMENTS = ["apart", "together", "free"];

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      placement: { type: "string" },
      netlat: { type: "string", default: fileURLToPath(new URL("../bin/netlat.js", import.meta.url)) },
    },
  });
  const [suite] = positionals;
  if (!Object.hasOwn(SUITES, suite ?? "")) {
    throw new Error(`${suite ?? "no suite"}: name a suite: ${Object.keys(SUITES).join(", ")}`);
  }
  if (values.placement !== undefined && !PLACEMENTS.includes(values.placement)) {
    throw new Error(`--placement ${values.placement}: use ${PLACEMENTS.join(", ")}`);
  }
  return { suite, ...values };
}

function save(suite, quick, result) {
  const folder = new URL(quick ? "build/" : "results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${suite}.json`, folder);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\nsaved in ${fileURLToPath(file)}`);
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.on(signal, () => stopAll().finally(() => process.exit(code)));
}

try {
  const { suite, ...options } = readArguments();
  const { bench } = await SUITES[suite]();
  const machine = machineFacts();
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, node ${machine.node}`);
  const warning = busyWarning(machine);
  if (warning !== undefined) console.log(warning);
  const result = await bench(options);
  save(suite, options.quick, { suite, date: new Date().toISOString(), machine, quick: options.quick, ...result });
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
