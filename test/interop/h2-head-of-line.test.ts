/** Small requests beside a large body, on a narrow path: the experiment behind h2-head-of-line. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Report, reportSchema } from "../../src/report/model.js";
import { findingsOf, runOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { namespaces, withNamespace } from "./netns.js";
import { peer } from "./peers.js";

const BIN = fileURLToPath(new URL("../../bin/netlat.js", import.meta.url));
const { possible, reason } = namespaces();
const nghttpd = peer("nghttpd");

const skip = onlyIf(possible && nghttpd.available, possible ? "nghttpd is not installed" : reason);

describe("head-of-line blocking in HTTP/2", skip, () => {
  test("bulk on the same connection slows small requests at least threefold, on another one it does not", async () => {
    const report = await withNamespace({ rate: { mbit: 50 } }, async (ns): Promise<Report> => {
      if (!nghttpd.available) throw new Error("nghttpd is not installed");
      const server = await nghttpd.start({}, ns);
      try {
        const endpoint = `h2c://127.0.0.1:${server.ports.h2c}/small`;
        const load = ["--nagle", "off", "--requests", "30", "--bulk", "/big", "--window", "16MiB"];
        const { code, stdout, stderr } = await ns.run([
          process.execPath,
          BIN,
          "probe",
          endpoint,
          ...load,
          "--format",
          "json",
        ]);
        if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
        return reportSchema.parse(JSON.parse(stdout));
      } finally {
        await server.stop();
      }
    });
    const [same, other, none] = ["same", "other", "none"].map((bulk) => runOf(report, { bulk }));
    expect(same?.h2?.bulkBytes).toBeGreaterThan(1e6);
    expect(other?.h2?.bulkBytes).toBeGreaterThan(1e6);
    expect(same?.latency.p50).toBeGreaterThan(3 * (other?.latency.p50 ?? Number.POSITIVE_INFINITY));
    expect(other?.latency.p50).toBeGreaterThan(none?.latency.p50 ?? Number.POSITIVE_INFINITY);
    const [finding, ...more] = findingsOf(report, "h2-head-of-line");
    expect(more).toEqual([]);
    expect(finding?.subject).toEqual({ run: same?.id });
    expect(same?.h2?.ping?.p50).toBeGreaterThan(other?.h2?.ping?.p50 ?? Number.POSITIVE_INFINITY);
  });
});
