import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli/main.js";

const loaded = vi.hoisted(() => ({ run: false }));
vi.mock("../../src/cli/run.js", () => {
  loaded.run = true;
  return { run: async () => 5 };
});
afterEach(() => void vi.restoreAllMocks());

describe("main", () => {
  it.each(["--version", "-V"])("%s answers with the package's version before anything else is loaded", async (flag) => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    expect(await main([flag])).toBe(0);
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(write.mock.calls).toEqual([[`${version}\n`]]);
    expect(loaded.run).toBe(false);
  });

  it("hands everything else on", async () => {
    expect(await main(["probe", "--version"])).toBe(5);
  });
});

describe("bin/netlat.js", () => {
  function inAnEmptyCheckout(mainModule?: string) {
    const folder = mkdtempSync(join(tmpdir(), "netlat-bin-"));
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "dist", "cli"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    copyFileSync("bin/netlat.js", join(folder, "bin", "netlat.js"));
    if (mainModule !== undefined) writeFileSync(join(folder, "dist", "cli", "main.js"), mainModule);
    return spawnSync(process.execPath, [join(folder, "bin", "netlat.js"), "probe", "x"], { encoding: "utf8" });
  }

  it("names the remedy when nothing is built", () => {
    const { status, stdout, stderr } = inAnEmptyCheckout();
    expect({ status, stdout }).toEqual({ status: 70, stdout: "" });
    expect(stderr).toBe("netlat: this checkout is not built yet; run: npm run build\n");
  });

  it("passes the words on and exits with what main says", () => {
    const { status, stdout } = inAnEmptyCheckout(
      "export async function main(args) { console.log(args.join()); return 4; }",
    );
    expect({ status, stdout }).toEqual({ status: 4, stdout: "probe,x\n" });
  });

  it("does not blame the build for an error inside it", () => {
    const { status, stderr } = inAnEmptyCheckout('throw new Error("broken inside");');
    expect(status).toBe(1);
    expect(stderr).toContain("broken inside");
  });
});
