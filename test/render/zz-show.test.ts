import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { renderers } from "../../src/render/index.js";
import { earlyDataReport, quicCapture, sideBySideReport } from "./sample-quic.js";

test("show", () => {
  for (const [name, make] of Object.entries({ early: earlyDataReport, side: sideBySideReport, capture: quicCapture })) {
    const report = make();
    for (const columns of [48, 80, 120])
      writeFileSync(
        `/tmp/report/${name}.${columns}.txt`,
        renderers.table(report, { columns, colour: 0, unicode: true }),
      );
    writeFileSync(`/tmp/report/${name}.ascii.txt`, renderers.table(report, { columns: 80, colour: 0, unicode: false }));
    writeFileSync(`/tmp/report/${name}.md`, renderers.markdown(report, { columns: 80, colour: 0, unicode: true }));
    writeFileSync(`/tmp/report/${name}.html`, renderers.html(report, { columns: 80, colour: 0, unicode: true }));
    writeFileSync(`/tmp/report/${name}.json`, renderers.json(report, { columns: 80, colour: 0, unicode: true }));
  }
});
