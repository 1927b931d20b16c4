/** Many connections: the closed-loop rate beside redis-benchmark, and our own lateness in the open loop. */
import { netlatProbe, redisBenchmark } from "./clients.mjs";
import { interleave } from "./interleave.mjs";
import { placed, placements } from "./placement.mjs";
import { freePort, installed, run, serverOnPort } from "./processes.mjs";
import { median } from "./statistics.mjs";
import { printTable, ratio, us } from "./table.mjs";

const CONNECTIONS = 50;
const PEER = "redis-benchmark";
const KEY = "netlat-bench";
const OPEN_LOOP = { rate: 20_000, connections: 16 };
const ENGINES = ["kernel", "net"];

/** GET on one key over 50 connections, one request in flight on each. */
export async function rateAgainstRedis({ netlat, placement: asked, loadSeconds, loadRounds }) {
  const [placement] = placements(asked);
  return withRedis(placement, async (port) => {
    const probe = netlatProbe(netlat, placement);
    const endpoint = `redis://127.0.0.1:${port}/${KEY}`;
    const clients = {
      [PEER]: () =>
        redisBenchmark({ port, connections: CONNECTIONS, requests: loadSeconds * 80_000, key: KEY, placement }),
    };
    for (const engine of ENGINES) {
      clients[`netlat ${engine}`] = async () => {
        const words = [endpoint, "--engine", engine, "--connections", CONNECTIONS, "--duration", `${loadSeconds}s`];
        const { ratePerSecond, latency } = await probe.run(words);
        return { ratePerSecond, p50: latency.p50, p99: latency.p99 };
      };
    }
    return compare(clients, loadRounds, `GET on redis, ${CONNECTIONS} connections, closed loop, ${placement}`);
  });
}

async function compare(clients, count, title) {
  const { names, rounds, notMeasured } = await interleave(clients, count);
  const medians = Object.fromEntries(
    names.map((name) => {
      const of = (field) => median(rounds.map((round) => round[name][field]));
      const shares = rounds.map((round) => round[name].ratePerSecond / round[PEER]?.ratePerSecond);
      const rateRatio = names.includes(PEER) ? median(shares) : null;
      return [name, { ratePerSecond: of("ratePerSecond"), p50Ns: of("p50"), p99Ns: of("p99"), rateRatio }];
    }),
  );
  const rows = Object.entries(medians).map(([name, of]) => [
    name,
    `${Math.round(of.ratePerSecond)}/s`,
    ratio(of.rateRatio),
    us(of.p50Ns),
    us(of.p99Ns),
  ]);
  printTable(title, ["client", "rate", "ratio", "p50", "p99"], rows);
  return { connections: CONNECTIONS, clients: medians, notMeasured, rounds };
}

/** How late netlat itself starts requests at a constant rate. */
export async function openLoopLag({ netlat, placement: asked, loadSeconds }) {
  const [placement] = placements(asked);
  return withRedis(placement, async (port) => {
    const probe = netlatProbe(netlat, placement);
    const result = { ...OPEN_LOOP, engines: {} };
    for (const engine of ENGINES) {
      const words = [`redis://127.0.0.1:${port}/${KEY}`, "--engine", engine, "--rate", `${OPEN_LOOP.rate}/s`];
      const run = await probe.run([...words, "--connections", OPEN_LOOP.connections, "--duration", `${loadSeconds}s`]);
      if (run.sendLag === null) throw new Error("netlat reported no send lag");
      const { p50, p99, max } = run.sendLag;
      result.engines[engine] = {
        ratePerSecond: run.ratePerSecond,
        lagP50Ns: p50,
        lagP99Ns: p99,
        lagMaxNs: max,
        correctedP99Ns: run.corrected?.p99 ?? null,
      };
    }
    const rows = Object.entries(result.engines).map(([engine, of]) => [
      `netlat ${engine}`,
      `${Math.round(of.ratePerSecond)}/s`,
      us(of.lagP50Ns),
      us(of.lagP99Ns),
      us(of.lagMaxNs),
    ]);
    printTable(
      `Open loop at ${OPEN_LOOP.rate}/s to redis, ${OPEN_LOOP.connections} connections: our own send lag`,
      ["client", "rate", "p50", "p99", "max"],
      rows,
    );
    return result;
  });
}

async function withRedis(placement, measure) {
  const missing = ["redis-server", "redis-benchmark", "redis-cli"].filter((program) => !installed(program));
  if (missing.length > 0) throw new Error(`${missing.join(", ")} not installed (Debian: redis-server, redis-tools)`);
  const port = await freePort();
  const words = [
    "redis-server",
    "--bind",
    "127.0.0.1",
    "--port",
    String(port),
    "--save",
    "",
    "--appendonly",
    "no",
    "--logfile",
    "/dev/null",
  ];
  const [command, ...rest] = placed(placement, "server", words);
  const server = await serverOnPort(command, rest, port);
  try {
    await run("redis-cli", ["-p", String(port), "SET", KEY, "value"]);
    return await measure(port);
  } finally {
    await server.stop();
  }
}
