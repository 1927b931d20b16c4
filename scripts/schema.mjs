// Writes schema/report.v1.json from the zod schema of the built program. --check: fails when the file differs instead.
import { mkdir, readFile, writeFile } from "node:fs/promises";

const file = new URL("../schema/report.v1.json", import.meta.url);
const built = new URL("../dist/report/schema.js", import.meta.url);

const { reportJsonSchema } = await import(built).catch((cause) => {
  throw new Error("build first: npm run build", { cause });
});
const schema = reportJsonSchema();

if (process.argv.includes("--check")) {
  const published = await readFile(file, "utf8").catch(() => "");
  if (published !== schema) {
    console.error("schema/report.v1.json is not what src/report/model.ts says; run: npm run build && npm run schema");
    process.exitCode = 1;
  }
} else {
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, schema);
}
