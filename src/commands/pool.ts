import { Command } from "commander";
import { usageError } from "../errors.js";
import { type PoolQuestion, sizePool } from "../pool/littles-law.js";
import { reportBase } from "../report/base.js";
import type { Report } from "../report/model.js";
import type { Ns } from "../units/duration.js";
import { parseRate } from "../units/rate.js";
import { formatOption, option, outputOption, readCount, readPositiveDuration } from "./options.js";
import type { EmitOptions, Ui } from "./ui.js";

const HINT = "see: netlat pool --help";

interface PoolOptions extends EmitOptions {
  readonly rate?: number;
  readonly latency?: Ns;
  readonly connections?: number;
  readonly after?: Ns;
}

/** `netlat pool`: Little's law on numbers that the user knows. */
export function poolCommand(ui: Ui): Command {
  return new Command("pool")
    .description("size a connection pool by Little's law")
    .addOption(option("--rate <rate>", "requests that arrive, such as 5000/s", parseRate))
    .addOption(option("--latency <duration>", "how long a request holds its connection", readPositiveDuration))
    .addOption(option("--connections <count>", "connections in the pool", readCount()))
    .addOption(option("--after <duration>", "the latency after a fix, to compare with", readPositiveDuration))
    .addOption(formatOption())
    .addOption(outputOption())
    .action(async (options: PoolOptions) => {
      const base = reportBase(new Date(), ui.environment(), ui.version);
      await ui.emit(buildPoolReport(poolQuestion(options), base), options);
    });
}

/**
 * Both numbers must be given. Commander's own check would come before its check of the words that do not belong here.
 * @throws NetlatError (exit 2)
 */
function poolQuestion({ rate, latency, connections, after }: PoolOptions): PoolQuestion {
  if (rate === undefined) throw usageError("--rate: this option must be given, such as --rate 5000/s", HINT);
  if (latency === undefined) throw usageError("--latency: this option must be given, such as --latency 45ms", HINT);
  return { arrivalPerSecond: rate, residenceNs: latency, connections: connections ?? null, afterNs: after ?? null };
}

/** @param base when, where and by what version it was made */
export function buildPoolReport(question: PoolQuestion, base: Omit<Report, "source">): Report {
  return { ...base, source: { kind: "pool", from: "numbers given on the command line" }, pool: sizePool(question) };
}
