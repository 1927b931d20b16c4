/** QUIC and HTTP/3: handshakes, requests and downloads against gtlsserver and caddy, and what a connection takes of the machine. */
import { interleave } from "../lib/interleave.mjs";
import { placements } from "../lib/placement.mjs";
import { downloadClients, handshakeClients, rateClients, sequentialClients } from "../lib/quic-clients.mjs";
import { perConnection } from "../lib/quic-connections.mjs";
import { BIG_BYTES, startLab, startQuicServers } from "../lib/quic-servers.mjs";
import { againstYardstick, median } from "../lib/statistics.mjs";
import { printTable, ratio, us } from "../lib/table.mjs";

const FULL = {
  rounds: 5,
  handshakes: 50,
  requests: 3000,
  peerRequests: 30_000,
  downloads: 10,
  downloadRounds: 3,
  connectionRounds: 3,
};
const QUICK = {
  rounds: 3,
  handshakes: 20,
  requests: 1000,
  peerRequests: 10_000,
  downloads: 5,
  downloadRounds: 1,
  connectionRounds: 1,
};
const STREAMS = 100;
const YARDSTICK = "C client";
const PEER = "gtlsclient";

export async function bench({ quick, netlat, placement }) {
  const settings = { ...(quick ? QUICK : FULL), placement: placement ?? placements(undefined)[0] };
  const result = { settings, yardstick: "bench/c/quic-client.c on ngtcp2 and GnuTLS", servers: {}, downloads: {} };
  const servers = await startQuicServers(settings.placement);
  try {
    const common = { ...settings, netlat };
    for (const [name, port] of Object.entries(servers.ports)) {
      const target = { ...common, port };
      result.servers[name] = {
        handshake: await times(
          `${name}, handshake`,
          handshakeClients({ ...target, count: settings.handshakes }),
          settings,
        ),
        sequential: await times(`${name}, one request after the other`, sequentialClients(target), settings),
        streams: await rates(
          `${name}, ${STREAMS} streams at once`,
          rateClients({ ...target, streams: STREAMS }),
          settings,
        ),
      };
      result.downloads[name] = await download(name, { ...target, path: "/big" }, settings);
    }
    if (result.servers.gtlsserver !== undefined)
      result.servers.gtlsserver.oneStream = await oneStream(servers, common, settings);
    result.downloads.lab = await withLab(common, (port) =>
      download("lab", { ...common, port, path: "/big" }, settings),
    );
  } finally {
    await servers.stop();
  }
  result.perConnection = await perConnection({
    netlat,
    placement: settings.placement,
    rounds: settings.connectionRounds,
  });
  return result;
}

/** gtlsclient, which asks for all that it may at once, in turn by the server's order. */
async function oneStream(servers, common, settings) {
  const { port, stop } = await servers.oneStreamAtOnce();
  try {
    const title = "gtlsserver that allows one stream at a time, so each waits for the server's leave";
    return await rates(title, rateClients({ ...common, port, streams: 1, peerRequests: settings.requests }), settings);
  } finally {
    await stop();
  }
}

async function withLab({ netlat, placement }, measure) {
  const { port, stop } = await startLab(netlat, placement);
  try {
    return await measure(port);
  } finally {
    await stop();
  }
}

function download(name, target, { downloads, downloadRounds, placement }) {
  const clients = downloadClients({ ...target, bytes: BIG_BYTES, count: downloads });
  const title = `${name}, download of ${downloads} times ${BIG_BYTES / 1e6} MB`;
  return rates(title, clients, { rounds: downloadRounds, placement }, (bytes) => `${(bytes / 1e6).toFixed(0)} MB/s`);
}

async function times(title, clients, { rounds, placement }) {
  const { names, rounds: measured, notMeasured } = await interleave(clients, rounds);
  const summary = againstYardstick(measured, names, YARDSTICK);
  printTable(
    `${title}: medians of ${rounds} rounds, client and server ${placement}`,
    ["client", "p50", "p99", "p50 / C", "lowest", "highest", "over C"],
    names.map((name) => {
      const { p50Ns, p99Ns, p50Ratio, p50RatioRange, overYardstickNs } = summary[name];
      const range = [ratio(p50RatioRange?.[0]), ratio(p50RatioRange?.[1])];
      return [name, us(p50Ns), us(p99Ns), ratio(p50Ratio), ...range, us(overYardstickNs)];
    }),
  );
  return { clients: summary, notMeasured, rounds: measured };
}

async function rates(title, clients, { rounds, placement }, shown = (perSecond) => `${Math.round(perSecond)}/s`) {
  const { names, rounds: measured, notMeasured } = await interleave(clients, rounds);
  const summary = Object.fromEntries(
    names.map((name) => {
      const perSecond = median(measured.map((round) => round[name].perSecond));
      const shares = measured.map((round) => round[name].perSecond / round[PEER]?.perSecond);
      return [name, { perSecond, rateRatio: names.includes(PEER) ? median(shares) : null }];
    }),
  );
  printTable(
    `${title}: medians of ${rounds} rounds, client and server ${placement}`,
    ["client", "rate", `rate / ${PEER}`],
    names.map((name) => [name, shown(summary[name].perSecond), ratio(summary[name].rateRatio)]),
  );
  return { clients: summary, notMeasured, rounds: measured };
}
