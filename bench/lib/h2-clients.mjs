/** Clients of HTTP/2 for the bench, each a process of its own: p50 and p99 of a request in nanoseconds, and requests per second. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { placed } from "./placement.mjs";
import { installed, run } from "./processes.mjs";

const NODE_CLIENT = fileURLToPath(new URL("node-http2-client.mjs", import.meta.url));
/** Requests that are not counted: a connection's first ones open windows and warm code up. */
const WARM_UP = 100;

export function h2Clients(settings) {
  const { streams, kind } = settings;
  return {
    ...(installed("h2load") ? { h2load: () => h2load(settings) } : {}),
    netlat: () => netlat(settings),
    "node:http2": () => nodeHttp2(settings),
    // curl has no way to keep ten streams busy and time each of them; and curl 7.88 ends with a framing error (exit 16) when it
    // asks a second time on a connection with prior knowledge.
    ...(streams === 1 && kind === "tls" && installed("curl") ? { curl: () => curl(settings) } : {}),
  };
}

const runPlaced = (placement, words) => {
  const [command, ...rest] = placed(placement, "client", words.map(String));
  return run(command, rest);
};

async function netlat({ url, kind, certFile, netlat: program, streams, requests, placement }) {
  const endpoint = kind === "tls" ? url : url.replace("http:", "h2c:");
  const words = ["--nagle", "off", "--split", "none", "--streams", streams, "--requests", requests, "--format", "json"];
  const tls = kind === "tls" ? ["--ca", certFile] : [];
  const warm = ["--warmup", Math.ceil(WARM_UP / streams)];
  const text = await runPlaced(placement, [process.execPath, program, "probe", endpoint, ...tls, ...words, ...warm]);
  const [only] = JSON.parse(text).runs;
  if (only.latency.count !== requests) throw new Error(`netlat answered ${only.latency.count} of ${requests}`);
  return { p50: only.latency.p50, p99: only.latency.p99, ratePerSecond: only.ratePerSecond };
}

/** --log-file has a line per request: start in microseconds since the epoch, status, duration in microseconds. */
async function h2load({ url, streams, requests, placement }) {
  const folder = mkdtempSync(join(tmpdir(), "netlat-bench-h2load-"));
  try {
    const log = join(folder, "log");
    const all = requests + WARM_UP;
    await runPlaced(placement, ["h2load", "-n", all, "-c", 1, "-m", streams, "--log-file", log, url]);
    const lines = readFileSync(log, "utf8").trim().split("\n").slice(WARM_UP);
    const rows = lines.map((line) => line.split("\t").map(Number));
    return summary(
      rows.map(([, , durationUs]) => durationUs * 1e3),
      spanSeconds(rows),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function spanSeconds(rows) {
  const ends = rows.map(([startUs, , durationUs]) => startUs + durationUs);
  return (Math.max(...ends) - Math.min(...rows.map(([startUs]) => startUs))) / 1e6;
}

async function nodeHttp2({ url, certFile, streams, requests, placement }) {
  const words = [process.execPath, NODE_CLIENT, url, streams, WARM_UP, requests, certFile];
  const { latenciesNs, seconds } = JSON.parse(await runPlaced(placement, words));
  return summary(latenciesNs, seconds);
}

/** One process and one connection for all requests; curl's own clock, in microseconds. */
async function curl({ url, certFile, requests, placement }) {
  const folder = mkdtempSync(join(tmpdir(), "netlat-bench-curl-"));
  try {
    const config = join(folder, "config");
    const one = `url = "${url}"\noutput = "/dev/null"\nwrite-out = "%{time_total}\\n"\n`;
    writeFileSync(config, one.repeat(requests + WARM_UP));
    const text = await runPlaced(placement, ["curl", "-s", "--http2", "--cacert", certFile, "-K", config]);
    const seconds = text.trim().split("\n").slice(WARM_UP).map(Number);
    return summary(
      seconds.map((each) => each * 1e9),
      seconds.reduce((sum, each) => sum + each, 0),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(latenciesNs, seconds) {
  const sorted = [...latenciesNs].sort((left, right) => left - right);
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p99: at(0.99), ratePerSecond: sorted.length / seconds };
}
