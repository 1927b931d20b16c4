/** `netlat pcap --keylog`: what is inside of TLS becomes exchanges, and what cannot be read is said. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { looksLikeAnError, netlat, reportOf } from "./netlat.js";

const TLS = fileURLToPath(new URL("../../fixtures/captures/tls/", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netlat-keylog-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pcap = async (...args: string[]) => reportOf(await netlat(["pcap", ...args, "--format", "json"]));

describe("netlat pcap --keylog", () => {
  it("HTTP/2 in TLS: a service of HTTP/2, a request per stream", async () => {
    const { source, runs, detectors } = await pcap(`${TLS}tls13-h2.pcap`, "--keylog", `${TLS}tls13-h2.keys`);
    expect(runs.map(({ id, requests }) => [id, requests])).toEqual([["h2 127.0.0.1:8443", 12]]);
    expect(source).toMatchObject({ inside: { read: { "HTTP/2 in TLS": 1 }, unread: {} } });
    expect(detectors.find(({ code }) => code === "h2-goaway")?.status).toBe("ran");
  });

  it("without it the capture is read as before, and the detectors of HTTP/2 say what they need", async () => {
    const { source, runs, detectors } = await pcap(`${TLS}tls13-h2.pcap`);
    expect(runs.map(({ id }) => id)).toEqual(["tls 127.0.0.1:8443"]);
    expect(source).not.toHaveProperty("inside");
    expect(detectors.find(({ code }) => code === "h2-goaway")?.reason).toContain("--keylog");
  });

  it("secrets of other connections: the head of the report says that they open nothing", async () => {
    const { code, stdout } = await netlat(["pcap", `${TLS}tls13-h2.pcap`, "--keylog", `${TLS}tls12-h2.keys`]);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "not read 1 connection: the key log has no secrets of the connection",
    );
  });

  it("a file that is not there, or holds no secret: exit 2 and a sentence", async () => {
    const noSecret = join(folder, "notes.txt");
    writeFileSync(noSecret, "# nothing\nhello\n");
    for (const [file, says] of [
      [join(folder, "none"), "cannot be read (ENOENT)"],
      [folder, "cannot be read (EISDIR)"],
      [noSecret, "no TLS secrets in it"],
    ] as const) {
      const { code, stderr, stdout } = await netlat(["pcap", `${TLS}tls13-h2.pcap`, "--keylog", file]);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(looksLikeAnError(stderr)).toBe(true);
      expect(stderr).toContain(`--keylog ${file}: ${says}`);
    }
  });

  it("lines that are no secrets are passed over with a warning", async () => {
    const mixed = join(folder, "mixed.keys");
    writeFileSync(mixed, `garbage\n${readFileSync(`${TLS}tls13-h2.keys`, "latin1")}`);
    const { code, stderr } = await netlat(["pcap", `${TLS}tls13-h2.pcap`, "--keylog", mixed, "--format", "json"]);
    expect(code).toBe(0);
    expect(stderr).toContain("1 line is no secret");
  });
});
