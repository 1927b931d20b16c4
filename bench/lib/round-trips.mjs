import { compile } from "./c-programs.mjs";
import { cClient, MESSAGE_BYTES, netlatOptions, netlatProbe, sockperf, warmUpWords } from "./clients.mjs";
import { interleave } from "./interleave.mjs";
import { placed, placements } from "./placement.mjs";
import { freePort, installed, serverOnPort, serverThatTellsItsPort } from "./processes.mjs";
import { againstYardstick } from "./statistics.mjs";
import { met, printTable, ratio, us } from "./table.mjs";

const YARDSTICK = "C client";
/** Of the median round trip over the C client's. */
const LIMITS = { "netlat kernel": 1.1, "netlat net": 1.4 };

/** One message at a time to the same echo server, clients in turn, in random order, over several rounds. */
export async function roundTrips(settings) {
  const programs = compile(["echo-server", "ping-client"]);
  if (programs === undefined) throw new Error("no C compiler here, and so no yardstick to take ratios to; install gcc");
  const result = { messageBytes: MESSAGE_BYTES, limits: LIMITS, placements: {} };
  for (const placement of placements(settings.placement)) {
    result.placements[placement] = await roundTripsPlaced({ ...settings, placement, programs });
  }
  return result;
}

async function roundTripsPlaced({ placement, programs, rounds, requests, sockperfSeconds, netlat }) {
  const [command, ...words] = placed(placement, "server", [programs["echo-server"]]);
  const server = await serverThatTellsItsPort(command, words);
  const peer = installed("sockperf") ? await sockperfServer(placement) : undefined;
  const clients = {
    [YARDSTICK]: () => cClient(programs["ping-client"], { port: server.port, requests, placement }),
    ...(await netlatClients({ netlat, placement, port: server.port, requests })),
    ...(peer && { "sockperf ping-pong": () => sockperf({ port: peer.port, seconds: sockperfSeconds, placement }) }),
  };
  if (peer === undefined) console.log("sockperf is not installed: left out");
  const { names, rounds: measured, notMeasured } = await interleave(clients, rounds);
  await Promise.all([server.stop(), peer?.stop()]);
  const summary = againstYardstick(measured, names, YARDSTICK);
  show(summary, { placement, rounds, requests });
  return { clients: summary, notMeasured, rounds: measured };
}

async function sockperfServer(placement) {
  const port = await freePort();
  const [command, ...words] = placed(placement, "server", [
    "sockperf",
    "server",
    "--tcp",
    "-i",
    "127.0.0.1",
    "-p",
    String(port),
  ]);
  return serverOnPort(command, words, port);
}

async function netlatClients({ netlat, placement, port, requests }) {
  const probe = netlatProbe(netlat, placement);
  const options = await netlatOptions(netlat);
  const client =
    (engine, ...words) =>
    async () => {
      const run = await probe.run([
        ...probe.echo(port),
        "--engine",
        engine,
        "--requests",
        requests,
        ...warmUpWords(options),
        ...words,
      ]);
      const { p50, p99 } = run.latency;
      return { p50, p99 };
    };
  const bare = options.has("--timestamps")
    ? { "netlat kernel, no timestamps": client("kernel", "--timestamps", "off") }
    : {};
  return { "netlat kernel": client("kernel"), ...bare, "netlat net": client("net") };
}

function show(summary, { placement, rounds, requests }) {
  printTable(
    `Round trips of ${MESSAGE_BYTES} bytes, client and server ${placement}: medians of ${rounds} rounds of ${requests}`,
    ["client", "p50", "over C", "p50 ratio", "lowest", "highest", "p99", "p99 ratio", "limit"],
    Object.entries(summary).map(([name, of]) => [
      name,
      us(of.p50Ns),
      us(of.overYardstickNs),
      ratio(of.p50Ratio),
      ratio(of.p50RatioRange?.[0]),
      ratio(of.p50RatioRange?.[1]),
      us(of.p99Ns),
      ratio(of.p99Ratio),
      met(of.p50Ratio, LIMITS[name]),
    ]),
  );
}
