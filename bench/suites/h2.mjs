/** HTTP/2: sequential requests and ten streams at once, against nginx and nghttpd, in clear text and over TLS. */
import { h2Clients } from "../lib/h2-clients.mjs";
import { startH2Servers } from "../lib/h2-servers.mjs";
import { interleave } from "../lib/interleave.mjs";
import { placements } from "../lib/placement.mjs";
import { againstYardstick, median } from "../lib/statistics.mjs";
import { met, printTable, ratio, us } from "../lib/table.mjs";

const FULL = { rounds: 7, requests: 5000 };
const QUICK = { rounds: 3, requests: 1000 };
const STREAMS = 10;
const YARDSTICK = "h2load";
/** Of the sequential p50: over h2load's in clear text and over TLS, and over node:http2's. */
const LIMITS = { h2c: 1.5, tls: 1.8, "node:http2": 0.7 };

export async function bench({ quick, netlat, placement }) {
  const settings = { ...(quick ? QUICK : FULL), placement: placement ?? placements(undefined)[0] };
  const servers = await startH2Servers(settings.placement);
  const result = { settings, limits: LIMITS, servers: {} };
  try {
    for (const { name, ports, certFile } of servers.list) {
      result.servers[name] = {};
      for (const [kind, port] of Object.entries(ports)) {
        const target = {
          url: `${kind === "tls" ? "https" : "http"}://127.0.0.1:${port}/small`,
          kind,
          certFile,
          netlat,
        };
        result.servers[name][kind] = {
          sequential: await compare(`${name}, ${kind}, one request after the other`, target, 1, settings),
          concurrent: await compare(`${name}, ${kind}, ${STREAMS} streams at once`, target, STREAMS, settings),
        };
      }
    }
  } finally {
    await servers.stop();
  }
  return result;
}

/** Every client in turn, in random order, over several rounds, each with a process of its own. */
async function compare(title, target, streams, { rounds, requests, placement }) {
  const clients = h2Clients({ ...target, streams, requests, placement });
  const { names, rounds: measured, notMeasured } = await interleave(clients, rounds);
  const summary = againstYardstick(measured, names, YARDSTICK);
  const overNode = median(measured.map((round) => round.netlat?.p50 / round["node:http2"]?.p50));
  for (const name of names) summary[name].ratePerSecond = median(measured.map((round) => round[name].ratePerSecond));
  printTable(
    `${title}: medians of ${rounds} rounds of ${requests}, client and server ${placement}`,
    ["client", "p50", "p99", "p50 / h2load", "lowest", "highest", "p99 / h2load", "per second", "limit"],
    names.map((name) => {
      const of = summary[name];
      const limit = streams === 1 && name === "netlat" ? met(of.p50Ratio, LIMITS[target.kind]) : "";
      return [
        name,
        us(of.p50Ns),
        us(of.p99Ns),
        ratio(of.p50Ratio),
        ratio(of.p50RatioRange?.[0]),
        ratio(of.p50RatioRange?.[1]),
        ratio(of.p99Ratio),
        Math.round(of.ratePerSecond),
        limit,
      ];
    }),
  );
  if (streams === 1)
    console.log(`  netlat's p50 over node:http2's: ${ratio(overNode)} ${met(overNode, LIMITS["node:http2"])}`);
  return { clients: summary, netlatOverNodeHttp2: overNode, notMeasured, rounds: measured };
}
