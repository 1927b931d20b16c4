import { expect, it } from "vitest";
import { FORMATS } from "../../src/render/format.js";
import { renderers } from "../../src/render/index.js";
import { reportSchema } from "../../src/report/model.js";
import { allErrorsReport } from "./sample-report.js";

it("json is the report itself, unchanged", () => {
  const report = allErrorsReport();
  const text = renderers.json(report, { columns: 80, colour: 3, unicode: false });
  expect(reportSchema.parse(JSON.parse(text))).toEqual(report);
  expect(text.endsWith("}\n")).toBe(true);
});

it("there is a renderer for every format", () => {
  expect(Object.keys(renderers).sort()).toEqual([...FORMATS].sort());
});
