/** What `netlat probe` says to flags and machines that do not fit QUIC; no server is needed. */
import { describe, expect, test } from "vitest";
import { looksLikeAnError, netlat } from "./netlat.js";

const H3 = "h3://127.0.0.1:1/";

async function refusal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await netlat(["probe", ...args], env);
  expect(stdout).toBe("");
  expect(code).toBe(2);
  expect(looksLikeAnError(stderr)).toBe(true);
  return stderr.trimEnd().slice("netlat: ".length);
}

describe("exit 2, one sentence with the remedy", () => {
  test.each([
    [[H3, "--nagle", "on"], /^--nagle: is about TCP, .*; leave it out \(--split cuts a request into datagrams\)$/],
    [["tcp://127.0.0.1:1", "--ack-delay", "25ms"], /^--ack-delay: is for QUIC; ask h3:\/\/, quic:\/\/ or doq:\/\//],
    [
      [H3, "--initial-rtt", "40ms"],
      /^--initial-rtt 40ms: quiche 0\.18, on which QUIC runs here, has no setting for it;/,
    ],
    [[H3, "--engine", "kernel"], /^--engine kernel: not possible here: QUIC runs on quiche;/],
    [
      ["quic://127.0.0.1:1"],
      /^quic:\/\/127\.0\.0\.1:1: a QUIC connection names its protocol \(ALPN\); give --alpn NAME/,
    ],
    [["doq://127.0.0.1/a..b"], /^name a\.\.b: not a domain name;/],
    [["http://127.0.0.1/", "--http3"], /^--http3 does not fit http:\/\/ endpoints: QUIC is always encrypted;/],
    [["--ab", H3, "memcached://127.0.0.1:1/k", "--engine", "net"], /^--engine net: not possible here/],
    [["--ab", H3, H3, "--compare-with", "h2"], /^--compare-with and --ab: each has its own second side;/],
  ] as [string[], RegExp][])("%j", async (args, sentence) => {
    expect(await refusal(args)).toMatch(sentence);
  });
});

describe("without @matrixai/quic", () => {
  const without = { NETLAT_WITHOUT_QUIC: "1" };

  test.each([H3, "doq://127.0.0.1", "quic://127.0.0.1:1?alpn=x"])(
    "%s names the package to install",
    async (endpoint) => {
      expect(await refusal([endpoint], without)).toMatch(
        /: QUIC is not possible here: the package @matrixai\/quic is not installed \(npm install @matrixai\/quic\)$/,
      );
    },
  );

  test("all else works", async () => {
    const { code } = await netlat(["probe", "lab:memcached", "--requests", "5", "--nagle", "off"], without);
    expect(code).toBe(0);
  });
});

test("--help has its groups, within 80 columns", async () => {
  const { stdout } = await netlat(["probe", "--help"]);
  expect(stdout).toMatch(/^QUIC and HTTP\/3:\n {2}--early-data <levels>/m);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});
