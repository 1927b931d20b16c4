import { readFileSync } from "node:fs";
import { arch, availableParallelism, release, type } from "node:os";
import { gunzipSync } from "node:zlib";
import type { Report } from "../report/model.js";

/** The facts of this machine that a latency depends on. */
export function readEnvironment(): Report["environment"] {
  const pretty = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readText("/etc/os-release") ?? "")?.[1];
  return {
    os: `${pretty ?? type()} ${arch()}`,
    kernel: `${type()} ${release()}`,
    node: process.version,
    cpus: availableParallelism(),
    tickHz: readTickHz(),
  };
}

/** CONFIG_HZ of the running Linux kernel, of which TCP_DELACK_MIN and TCP_RTO_MIN are made; null where the kernel does not tell. */
function readTickHz(): number | null {
  const config = readText("/proc/config.gz") ?? readText(`/boot/config-${release()}`);
  const hz = Number(/^CONFIG_HZ=(\d+)$/m.exec(config ?? "")?.[1]);
  return hz > 0 ? hz : null;
}

function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return undefined;
  }
}
