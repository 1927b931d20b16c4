// Holds the layer rules of .dependency-cruiser.mjs against src. dependency-cruiser reports success when it understood nothing
// (a TypeScript it does not support), so this also checks that every file of src was looked at and dependencies were found.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config";
import config from "../.dependency-cruiser.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { enhancedResolveOptions, ...options } = config.options;
const rules = { forbidden: config.forbidden };
const cruised = await cruise(["src"], { ...options, validate: true, ruleSet: rules }, enhancedResolveOptions, {
  tsConfig: extractTsConfig("tsconfig.json"),
});
const { modules, summary } = cruised.output;

const files = readdirSync("src", { recursive: true })
  .map((name) => `src/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".ts"));
const seen = new Set(modules.map((module) => module.source));
const unseen = files.filter((name) => !seen.has(name));
const between = modules.flatMap((module) => module.dependencies).filter((to) => to.resolved.startsWith("src/"));

for (const { rule, from, to, cycle } of summary.violations) {
  const { comment } = rules.forbidden.find(({ name }) => name === rule.name);
  console.error(`${rule.name}: ${from} -> ${cycle ? cycle.map((step) => step.name).join(" -> ") : to}\n  ${comment}`);
}
if (unseen.length > 0) console.error(`not looked at: ${unseen.join(", ")}`);
if (between.length === 0) console.error("found no dependency between the files of src: nothing was checked");

const sound = summary.violations.length === 0 && unseen.length === 0 && files.length > 0 && between.length > 0;
console.log(`layers: ${files.length} modules, ${between.length} dependencies, ${summary.violations.length} violations`);
process.exitCode = sound ? 0 : 1;
