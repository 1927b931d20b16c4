/** The clients of the bench. Each runs once and gives its percentiles in nanoseconds. */
import { placed } from "./placement.mjs";
import { run } from "./processes.mjs";

export const MESSAGE_BYTES = 64;
const WARM_UP = 1000;

const runPlaced = (placement, words) => {
  const [command, ...rest] = placed(placement, "client", words);
  return run(command, rest);
};

export function cClient(program, { port, requests, placement }) {
  return runPlaced(placement, [program, port, MESSAGE_BYTES, WARM_UP, requests].map(String)).then(JSON.parse);
}

/** sockperf ping-pong on its own server (its messages carry a header that an echo server cannot answer). */
export async function sockperf({ port, seconds, placement }) {
  const words = [
    "sockperf",
    "pp",
    "--tcp",
    "-i",
    "127.0.0.1",
    "-p",
    port,
    "-m",
    MESSAGE_BYTES,
    "-t",
    seconds,
    "--full-rtt",
  ];
  const text = await runPlaced(placement, words.map(String));
  const percentile = (which) => Number(new RegExp(`percentile ${which} = +([\\d.]+)`).exec(text)?.[1]) * 1e3;
  const [p50, p99] = [percentile("50.000"), percentile("99.000")];
  if (!(p50 > 0)) throw new Error(`sockperf printed no percentiles: ${text.slice(-300)}`);
  return { p50, p99 };
}

/** Calls of one netlat CLI; `program` is its bin/netlat.js. */
export function netlatProbe(program, placement) {
  const probe = async (words) => {
    const text = await runPlaced(
      placement,
      [process.execPath, program, "probe", ...words, "--format", "json"].map(String),
    );
    return JSON.parse(text);
  };
  const one = ["--nagle", "off", "--split", "none"];
  return {
    /** The only run of a report, which must have answered every request. */
    async run(words) {
      const report = await probe([...words, ...one]);
      const [only, ...more] = report.runs;
      if (only === undefined || more.length > 0)
        throw new Error(`netlat probe gave ${report.runs.length} runs, not one`);
      const failed = Object.entries(only.errors).filter(([, count]) => count > 0);
      if (failed.length > 0) throw new Error(`netlat probe ${words[0]}: ${JSON.stringify(only.errors)}`);
      return { ...only, engine: report.source.engine };
    },
    echo: (port) => [
      `tcp://127.0.0.1:${port}`,
      "--send",
      "x".repeat(MESSAGE_BYTES),
      "--expect",
      `bytes:${MESSAGE_BYTES}`,
    ],
  };
}

/** The options that `netlat probe` of this build knows; none when it does not even show its help. */
export async function netlatOptions(program) {
  const help = await run(process.execPath, [program, "probe", "--help"]).catch(() => "");
  return new Set(help.match(/--[a-z][a-z-]*/g));
}

export const warmUpWords = (options) => (options.has("--warmup") ? ["--warmup", String(WARM_UP)] : []);

/** redis-benchmark without pipelining: requests per second and p50, p99 in nanoseconds. */
export async function redisBenchmark({ port, connections, requests, key, placement }) {
  const words = ["redis-benchmark", "-p", port, "-c", connections, "-P", 1, "-n", requests, "--csv", "GET", key];
  const text = await runPlaced(placement, words.map(String));
  const cells = text
    .trim()
    .split("\n")
    .at(-1)
    .split(",")
    .map((cell) => Number(cell.replaceAll('"', "")));
  return { ratePerSecond: cells[1], p50: cells[4] * 1e6, p99: cells[6] * 1e6 };
}
