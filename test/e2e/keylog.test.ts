import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { KeyLog } from "../../src/protocols/tls/key-log.js";
import { looksLikeAnError, netlat, probe } from "./netlat.js";

test("--keylog-out has the secrets of every connection of a probe", async () => {
  const folder = mkdtempSync(join(tmpdir(), "netlat-keylog-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "keys.log");
  const args = ["lab:http?tls=on", "--requests", "5", "--warmup", "1", "--nagle", "off", "--split", "none"];
  await probe([...args, "--keylog-out", file, "--connections", "3"]);
  const keys = new KeyLog();
  keys.add(readFileSync(file, "utf8"));
  expect(keys).toMatchObject({ connections: 3, malformedLines: 0 });
});

test.each([
  [["lab:memcached", "--keylog-out", "keys.log"], /^netlat: --keylog-out: the endpoint memcached:\S+ does not use TLS/],
  [
    ["lab:http?tls=on", "--keylog-out", "/nowhere/keys.log"],
    /^netlat: --keylog-out \/nowhere\/keys\.log: cannot be written/,
  ],
])("%j is refused in a sentence", async (args, says) => {
  const { code, stderr } = await netlat(["probe", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
  expect(looksLikeAnError(stderr)).toBe(true);
});
