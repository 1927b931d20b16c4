/** Flags that only mean something together, and how many connections and requests they make. */
import { usageError } from "../errors.js";
import { openFileLimit } from "../sockets/file-limit.js";
import { DEFAULT_REQUESTS, type ProbeOptions } from "./probe-options.js";
import { DEFAULT_MIGRATE_AFTER, migrations } from "./transport-options.js";

/** Connections per cell: the levels of the factor. */
export const connectionLevels = ({ connections = [1] }: ProbeOptions): readonly number[] => connections;

/** @throws NetlatError (exit 2) */
export function checkTogether(options: ProbeOptions): void {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw usageError("--cert and --key belong together; give both, or neither");
  }
  if (options.sni !== undefined && options.servername !== undefined) {
    throw usageError("--sni and --servername: two words for one thing; give one of them");
  }
  if (options.tlsResume !== undefined && options.reuse) {
    throw usageError("--tls-resume: a kept connection makes one handshake; add --reuse off");
  }
  if (options.pipeline > 1 && !options.reuse) {
    throw usageError("--pipeline: needs a connection that is kept; leave --reuse off out");
  }
  if (options.streams?.some((streams) => streams > 1) && !options.reuse) {
    throw usageError("--streams: several at once share a connection that is kept; leave --reuse off out");
  }
  checkOfQuic(options);
  const needed = atOnce(options);
  if (options.requests !== undefined && options.requests < needed) {
    const flag = options.pipeline > 1 ? "--pipeline" : "--streams";
    throw usageError(
      `--requests ${options.requests}: ${flag} keeps ${needed} requests under way at once; give --requests ${needed} or more`,
    );
  }
  if (options.rate === undefined && options.arrival === "poisson") {
    throw usageError("--arrival poisson: needs an open loop; give --rate, such as --rate 2000/s");
  }
}

function checkOfQuic(options: ProbeOptions): void {
  const { earlyData, migrate, compareWith, comparePort, reuse } = options;
  if (earlyData !== undefined && reuse) {
    throw usageError("--early-data: only the first request of a connection can travel in 0-RTT; add --reuse off");
  }
  if (comparePort !== undefined && compareWith === undefined) {
    throw usageError(
      `--compare-port ${comparePort}: nothing is asked over TCP; add --compare-with h2, or leave it out`,
    );
  }
  if (compareWith !== undefined && options.ab !== undefined) {
    throw usageError(
      "--compare-with and --ab: each has its own second side; give one of them, such as --ab h3://HOST/ https://HOST/",
    );
  }
  const moves = migrations(options);
  if (moves === undefined) return;
  if (options.migrateAfter !== undefined && migrate?.includes("on") === false) {
    throw usageError(
      `--migrate-after ${options.migrateAfter}: with --migrate off no connection moves; leave one of them out`,
    );
  }
  if (moves.includes("on")) checkMoves(options);
}

/** A cell in which no connection ever moves would claim something that did not happen. */
function checkMoves(options: ProbeOptions): void {
  const { migrateAfter = DEFAULT_MIGRATE_AFTER, duration, requests, reuse, warmup } = options;
  if (!reuse) throw usageError("--migrate: a connection of one request never moves; leave --reuse off out");
  if (duration !== undefined && requests === undefined) return;
  const connections = Math.max(...connectionLevels(options));
  const each = Math.floor((requests ?? Math.max(DEFAULT_REQUESTS, atOnce(options))) / connections) + warmup;
  if (each > migrateAfter) return;
  throw usageError(
    `--migrate-after ${migrateAfter}: a connection gets about ${each} requests here, and would not move; give more --requests, or a smaller --migrate-after`,
  );
}

/** How many requests a closed loop keeps under way at once where several share a connection; a block with fewer would not. */
export function atOnce(options: ProbeOptions): number {
  const { streams, pipeline, rate } = options;
  const shared = Math.max(pipeline, ...(streams ?? []));
  return rate === undefined && shared > 1 ? Math.max(...connectionLevels(options)) * shared : 1;
}

/** Files that are open beside the connections: libraries, event loops, pipes, the report. */
const OTHER_FILES = 64;

/**
 * The cells take turns, and each keeps its connections meanwhile.
 * @param overQuic each connection has a file beside its socket, into which the engine writes its secrets
 * @throws NetlatError (exit 2)
 */
export function checkFileLimit(options: ProbeOptions, cells: number, overQuic: boolean): void {
  const { reuse } = options;
  const connections = Math.max(...connectionLevels(options));
  const limit = openFileLimit();
  const needed = (reuse ? connections * cells : connections) * (overQuic ? 2 : 1);
  if (limit === null || needed + OTHER_FILES <= limit) return;
  const inCells = reuse && cells > 1 ? ` in ${cells} cells` : "";
  throw usageError(
    `--connections ${connections}: that takes ${needed} ${overQuic ? "files" : "sockets"}${inCells}, and this process may open ${limit} files`,
    `raise the limit (ulimit -n ${needed + OTHER_FILES}), or take fewer connections or cells`,
  );
}
