import { cpus, loadavg, release, type } from "node:os";

/** What a figure depends on besides the program. */
export function machineFacts() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    kernel: `${type()} ${release()}`,
    node: process.version,
    loadAverage: Number(loadavg()[0].toFixed(2)),
  };
}

/** A sentence when others use the machine: their work stands in our figures. */
export function busyWarning({ cores, loadAverage }) {
  if (loadAverage < cores / 2) return undefined;
  return `the machine is busy (load ${loadAverage} on ${cores} cores): p99 and rates below say more about that than about the clients`;
}
