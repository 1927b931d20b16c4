import { mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { writeOutputFile } from "../../src/cli/output-file.js";
import { createUi } from "../../src/cli/ui.js";
import { EXIT } from "../../src/errors.js";
import type { Terminal } from "../../src/render/renderer.js";
import type { Report } from "../../src/report/model.js";
import { fakeHost } from "./fake-host.js";

vi.mock("../../src/render/load.js", () => ({
  loadRenderer: async (format: string) => (report: Report, terminal: Terminal) =>
    `${format} ${report.startedAt} ${terminal.columns} ${terminal.colour}\n`,
}));

const report = { startedAt: "now" } as Report;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-ui-"));
});

describe("emit", () => {
  it("writes the report, and nothing else, to standard output for its terminal", async () => {
    const host = fakeHost({ stdout: { isTTY: true, columns: 100, getColorDepth: () => 8 } });
    await createUi(host, "1").emit(report, { format: "table" });
    expect([host.out(), host.err()]).toEqual(["table now 100 2\n", ""]);
  });

  it("writes to a file instead, plain, and an HdrHistogram log beside it", async () => {
    const host = fakeHost({ env: { FORCE_COLOR: "1" } });
    const [output, hlog] = [join(folder, "r.json"), join(folder, "r.hlog")];
    await createUi(host, "1").emit(report, { format: "json", output, hlog });
    expect(host.out()).toBe("");
    expect(readFileSync(output, "utf8")).toBe("json now 80 0\n");
    expect(readFileSync(hlog, "utf8")).toBe("hlog now 80 0\n");
    expect(readdirSync(folder).sort()).toEqual(["r.hlog", "r.json"]);
  });

  it("takes - for standard output", async () => {
    const host = fakeHost();
    await createUi(host, "1").emit(report, { format: "markdown", output: "-" });
    expect(host.out()).toBe("markdown now 80 0\n");
  });

  it("says in a sentence that standard output takes no more, and nothing of a reader that has gone", async () => {
    const failing = (code: string) =>
      fakeHost({
        stdout: {
          write(_, done) {
            done?.(Object.assign(new Error(`${code}: of the system`), { code }));
            return false;
          },
        },
      });
    const emitted = createUi(failing("ENOSPC"), "1").emit(report, { format: "json" });
    await expect(emitted).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: "standard output: cannot be written (no space left)",
    });
    await expect(createUi(failing("EIO"), "1").print("help")).rejects.toThrow("(EIO: of the system)");
    await createUi(failing("EPIPE"), "1").emit(report, { format: "json" });
  });

  it("refuses one file for both, before it writes", async () => {
    const output = join(folder, "same");
    const emitted = createUi(fakeHost(), "1").emit(report, { format: "json", output, hlog: `${folder}/./same` });
    await expect(emitted).rejects.toMatchObject({ exitCode: EXIT.usage });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("writeOutputFile", () => {
  it("names the option, the file and the reason when it cannot be written", async () => {
    const path = join(folder, "absent", "r.json");
    await expect(writeOutputFile(path, "x", "--output")).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: `--output ${path}: cannot be written (no such folder)`,
    });
    await expect(writeOutputFile(folder, "x", "--output")).rejects.toThrow("it is a folder");
  });

  it("replaces the file behind a symbolic link, keeps its mode, and leaves no draft", async () => {
    const [path, link] = [join(folder, "real"), join(folder, "link")];
    writeFileSync(path, "old", { mode: 0o640 });
    symlinkSync(path, link);
    await writeOutputFile(link, "new", "--output");
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).sort()).toEqual(["link", "real"]);
  });

  it("does not put a file in the place of a device", async () => {
    await writeOutputFile("/dev/null", "x", "--output");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});

describe("warn and environment", () => {
  it("warns on standard error", () => {
    const host = fakeHost();
    createUi(host, "1").warn("the machine is busy");
    expect([host.out(), host.err()]).toEqual(["", "netlat: the machine is busy\n"]);
  });

  it("knows this machine", () => {
    const facts = createUi(fakeHost(), "1").environment();
    expect(facts.node).toBe(process.version);
    expect(facts.cpus).toBeGreaterThan(0);
    expect(facts.kernel).toMatch(/^\w+ \d+\./);
    if (facts.tickHz !== null) expect([100, 250, 300, 1000]).toContain(facts.tickHz);
  });
});
