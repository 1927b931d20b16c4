/** What a thousand connections take of the probe and of the lab's server: memory and descriptors, as Linux counts them. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { netlatClient } from "./quic-clients.mjs";
import { startLab } from "./quic-servers.mjs";
import { median } from "./statistics.mjs";
import { printTable } from "./table.mjs";

const [FEW, MANY] = [10, 1000];
const RATE_PER_SECOND = 500;
const SECONDS = 3;
const SAMPLE_MS = 100;

/** Taken between a few and many connections, so that the process itself does not count. @returns medians over the rounds */
export async function perConnection({ netlat, placement, rounds }) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const few = await footprints(netlat, placement, FEW);
    const many = await footprints(netlat, placement, MANY);
    measured.push({ few, many, probe: slope(few.probe, many.probe), lab: slope(few.lab, many.lab) });
  }
  const middle = (of) => ({
    bytes: Math.round(median(measured.map((round) => round[of].bytes))),
    descriptors: median(measured.map((round) => round[of].descriptors)),
  });
  const result = { connections: MANY, probe: middle("probe"), lab: middle("lab"), rounds: measured };
  printTable(
    `${MANY} connections of a probe to the lab's server, medians of ${rounds} rounds, per connection`,
    ["process", "memory", "descriptors"],
    ["probe", "lab"].map((of) => [of, `${Math.round(result[of].bytes / 1024)} KiB`, result[of].descriptors.toFixed(2)]),
  );
  return result;
}

function slope(few, many) {
  const connections = MANY - FEW;
  return {
    bytes: (many.bytes - few.bytes) / connections,
    descriptors: (many.descriptors - few.descriptors) / connections,
  };
}

/** Both processes while all connections are open: medians of the samples. */
async function footprints(netlat, placement, connections) {
  const lab = await startLab(netlat, placement);
  try {
    let probePid;
    let over = false;
    const load = ["--connections", connections, "--rate", `${RATE_PER_SECOND}/s`, "--duration", `${SECONDS}s`];
    const running = netlatClient(netlat, placement)(lab.port, "/", [...load, "--warmup", 0], (pid) => {
      probePid = pid;
    }).finally(() => {
      over = true;
    });
    const samples = [];
    while (!over) {
      await Promise.race([sleep(SAMPLE_MS), running]);
      const [probe, server] = [footprint(probePid), footprint(lab.pid)];
      if (probe !== undefined && server !== undefined) samples.push({ probe, lab: server });
    }
    const { quic } = await running;
    if (quic.connections.mostActive !== connections) {
      throw new Error(`${quic.connections.mostActive} of ${connections} connections were open at once`);
    }
    return whileAllWereOpen(samples);
  } finally {
    await lab.stop();
  }
}

/** The probe reads its datagrams once the load is over: what it takes for that is not the connections'. */
function whileAllWereOpen(samples) {
  const most = Math.max(...samples.map(({ probe }) => probe.descriptors));
  const first = samples.findIndex(({ probe }) => probe.descriptors > 0.99 * most);
  const open = samples.slice(first, first + (SECONDS * 1000) / SAMPLE_MS);
  const middle = (of) => ({
    bytes: median(open.map((sample) => sample[of].bytes)),
    descriptors: median(open.map((sample) => sample[of].descriptors)),
  });
  return { probe: middle("probe"), lab: middle("lab") };
}

/** undefined: there is no such process. */
function footprint(pid) {
  try {
    const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return { bytes: Number(kibibytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}
