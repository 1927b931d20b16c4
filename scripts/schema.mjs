// Writes the JSON Schemas in schema/ from the zod schemas of the built program. --check: fails when a file differs instead.
import { mkdir, readFile, writeFile } from "node:fs/promises";

const built = (path) =>
  import(new URL(`../dist/${path}`, import.meta.url)).catch((cause) => {
    throw new Error("build first: npm run build", { cause });
  });
const { reportJsonSchema } = await built("report/schema.js");
const { suiteJsonSchema } = await built("check/suite-schema.js");
const { vocabulary } = await built("commands/check-options.js");

const SCHEMAS = [
  { name: "report.v1.json", from: "src/report/model.ts", text: reportJsonSchema() },
  {
    name: "suite.v1.json",
    from: "src/check/suite-schema.ts and the options of the commands",
    text: suiteJsonSchema(vocabulary()),
  },
];

const folder = new URL("../schema/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const { name, from, text } of SCHEMAS) {
  const file = new URL(name, folder);
  if (!process.argv.includes("--check")) await writeFile(file, text);
  else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    console.error(`schema/${name} is not what ${from} says; run: npm run build && npm run schema`);
    process.exitCode = 1;
  }
}
