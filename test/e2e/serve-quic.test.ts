/** `netlat serve` over QUIC, as a process. */
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import { onlyIf } from "../skip.js";
import { netlat, start } from "./netlat.js";

const loaded = await loadQuiche();
const missing = "unavailable" in loaded ? loaded.unavailable : "";

describe("netlat serve", () => {
  it.each([
    [
      "h3",
      /^listening on h3:\/\/127\.0\.0\.1:(\d+)\/\nand, over TCP, HTTP\/2 and HTTP\/1\.1 on https:\/\/127\.0\.0\.1:\1\/\n$/,
    ],
    ["doq", /^listening on doq:\/\/127\.0\.0\.1:\d+\/lab\.test\n$/],
    ["quic", /^listening on quic:\/\/127\.0\.0\.1:\d+\?alpn=netlat\n$/],
  ])(
    "%s says where it listens, and how old its engine is, and ends when it is told to",
    {
      ...onlyIf(missing === "", missing),
    },
    async (kind, line) => {
      const { child, ended } = start(["serve", kind]);
      await once(child.stderr!, "data");
      child.kill("SIGTERM");
      const { code, stdout, stderr } = await ended;
      expect(stdout).toMatch(line);
      expect(stderr).toBe(
        "engine: quiche 0.18 (@matrixai/quic 2), of August 2023: for the laboratory, not for the Internet\n",
      );
      expect(code).toBe(0);
    },
  );

  it("says what to install where QUIC is not, and serves everything else", async () => {
    const without = { NETLAT_WITHOUT_QUIC: "1" };
    expect(await netlat(["serve", "h3"], without)).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(
        "h3 needs QUIC: the package @matrixai/quic is not installed (npm install @matrixai/quic)",
      ),
    });
    const { child, ended } = start(["serve", "http"], without);
    await once(child.stdout!, "data");
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  it.each([
    [["h3", "--quickack", "on"], "--quickack: is TCP's, and h3 travels over QUIC; leave it out"],
    [["doq", "--tls"], "--tls: QUIC has TLS inside; leave it out"],
    [["http", "--retry"], "--retry: does not fit http; it is for h3, quic, doq"],
    [["h3", "--loss", "2"], "--loss 2: not a share; use a number from 0 to below 1, such as 0.02, or 2%"],
  ])("refuses %s", async (args, message) => {
    const { code, stderr } = await netlat(["serve", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
