/** The flags of `netlat pool`, and what must not stand together. */
import type { Command } from "commander";
import { usageError } from "../errors.js";
import type { Ns } from "../units/duration.js";
import { parseRate } from "../units/rate.js";
import { formatOption, option, outputOption, type Reader, readCount, readPositiveDuration } from "./options.js";
import type { EmitOptions } from "./ui.js";

const HINT = "see: netlat pool --help";
const MAX_CONNECTIONS = 1_000_000;
const MAX_CV2 = 1000;
const MAX_GROWTH = 1000;

export interface PoolOptions extends EmitOptions {
  readonly rate?: number;
  readonly latency?: Ns;
  readonly connections?: number;
  readonly after?: Ns;
  readonly run?: string;
  readonly service?: string;
  readonly targetWaitP99?: Ns;
  readonly growth?: number;
  readonly arrivalCv2?: number;
  readonly serviceCv2?: number;
  readonly streamsPerConnection: number;
  readonly perTask?: number;
  readonly tasks?: number;
  readonly seed: number;
}

const readText: Reader<string> = (text) => text;

/** A squared coefficient of variation. */
const readCv2: Reader<number> = (text, name) => {
  const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value <= MAX_CV2) return value;
  throw usageError(
    `${name} ${text}: not a squared variation from 0 (constant) over 1 (Poisson, exponential) to ${MAX_CV2}`,
  );
};

/** `30%` more, or `1.3x` as many. @returns the factor */
const readGrowth: Reader<number> = (text, name) => {
  const match = /^(\d+(?:\.\d+)?)\s*(%|x)$/.exec(text.trim());
  const factor = match?.[2] === "x" ? Number(match[1]) : 1 + Number(match?.[1]) / 100;
  if (factor > 0 && factor <= MAX_GROWTH) return factor;
  throw usageError(
    `${name} ${text}: not a growth; write 30% for so much more, or 1.3x for so many times, up to ${MAX_GROWTH}x`,
  );
};

export function addPoolOptions(command: Command): Command {
  return command
    .addOption(option("--rate <rate>", "requests that arrive, such as 5000/s", parseRate))
    .addOption(
      option("--latency <duration>", "how long a request holds its connection, on average", readPositiveDuration),
    )
    .addOption(option("--connections <count>", "connections in the pool", readCount(1, MAX_CONNECTIONS)))
    .addOption(option("--after <duration>", "the latency after a fix, to compare with", readPositiveDuration))
    .addOption(option("--run <id>", "of a file: only this run", readText))
    .addOption(option("--service <address:port>", "of a file: only this service, or port", readText))
    .addOption(
      option(
        "--target-wait-p99 <duration>",
        "how long 99 % may wait at most (default: a tenth of the latency)",
        readPositiveDuration,
      ),
    )
    .addOption(option("--growth <share>", "be ready for more arrivals: 30% or 1.3x", readGrowth))
    .addOption(
      option(
        "--arrival-cv2 <number>",
        "squared variation of the gaps between arrivals: 0 evenly spaced, 1 Poisson (default), more for bursts",
        readCv2,
      ),
    )
    .addOption(
      option(
        "--service-cv2 <number>",
        "squared variation around --latency: 0 constant, 1 exponential (default)",
        readCv2,
      ),
    )
    .addOption(
      option(
        "--streams-per-connection <count>",
        "HTTP/2: requests that a connection carries at once",
        readCount(1, 100_000),
        "1",
      ),
    )
    .addOption(
      option(
        "--per-task <count>",
        "connections that one task holds at once, for the deadlock floor",
        readCount(1, 1000),
      ),
    )
    .addOption(option("--tasks <count>", "such tasks at once", readCount(1, 1_000_000)))
    .addOption(
      option("--seed <number>", "of the simulation: the same seed, the same figures", readCount(0, 2 ** 31 - 1), "1"),
    )
    .addOption(formatOption())
    .addOption(outputOption());
}

/** @throws NetlatError (exit 2) for flags that contradict each other, or the file */
export function checkPoolOptions(file: string | undefined, options: PoolOptions): void {
  const given = (flag: string, value: unknown): string[] => (value === undefined ? [] : [flag]);
  if ((options.perTask === undefined) !== (options.tasks === undefined)) {
    const [one, other] = options.tasks === undefined ? ["--per-task", "--tasks"] : ["--tasks", "--per-task"];
    throw usageError(`${one}: ${other} must be given too, such as --per-task 2 --tasks 8`, HINT);
  }
  if (options.run !== undefined && options.service !== undefined) {
    throw usageError("--run and --service: both name what to look at; use one of them", HINT);
  }
  const ofFile = [...given("--run", options.run), ...given("--service", options.service)][0];
  const ofNumbers = [...given("--latency", options.latency), ...given("--service-cv2", options.serviceCv2)][0];
  if (file === undefined && ofFile !== undefined) {
    throw usageError(
      `${ofFile}: picks from a file, and none is named; use netlat pool report.json ${ofFile} NAME`,
      HINT,
    );
  }
  if (file !== undefined && ofNumbers !== undefined) {
    throw usageError(`${ofNumbers}: ${file} holds the latencies already; leave one of the two out`, HINT);
  }
  if (file !== undefined) return;
  if (options.rate === undefined) {
    throw usageError("--rate: this option must be given, such as --rate 5000/s", HINT);
  }
  if (options.latency === undefined) {
    throw usageError("--latency: this option must be given, such as --latency 45ms, or a file with latencies", HINT);
  }
}
