/** Which engine a TCP probe runs on, and what that one can set and see. */
import { usageError } from "../../errors.js";
import { CAPABILITY_NAMES, type Capabilities, type Capability } from "../../sockets/capabilities.js";
import { loadKernelCalls } from "../../sockets/kernel-calls.js";
import type { ProbeEngine } from "../probe.js";

export const ENGINE_CHOICES = ["auto", "net", "kernel"] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

export interface ChosenEngine {
  readonly name: "net" | "kernel";
  /** Why this one, in a few words. */
  readonly reason: string;
  start(): Promise<ProbeEngine>;
}

/** @throws NetlatError (exit 2) when the engine that was asked for cannot do it */
export function chooseEngine(choice: EngineChoice, transport: "tcp" | "tls"): ChosenEngine {
  if (choice === "net") return net("asked for");
  const missing = transport === "tls" ? "TLS runs on the net engine" : kernelMissing();
  if (missing === undefined)
    return kernel(choice === "kernel" ? "asked for" : "its own socket and the kernel's timestamps");
  if (choice === "kernel") throw usageError(`--engine kernel: not possible here: ${missing}; use --engine net or auto`);
  return net(missing);
}

function kernelMissing(): string | undefined {
  const calls = loadKernelCalls();
  return "unavailable" in calls ? calls.unavailable : undefined;
}

const net = (reason: string): ChosenEngine => ({
  name: "net",
  reason,
  start: async () => (await import("./net-engine.js")).netEngine(),
});

const kernel = (reason: string): ChosenEngine => ({
  name: "kernel",
  reason,
  start: async () => (await import("./kernel-engine.js")).kernelEngine(),
});

/** What goes unseen or cannot be set without the capability. */
const LOSS: Readonly<Record<Capability, string>> = {
  nodelay: "Nagle's algorithm cannot be varied",
  quickack: "--quickack cannot be varied",
  cork: "--cork cannot be set",
  maxSegment: "--max-segment cannot be set",
  tcpInfo: "segments, retransmissions and the path's RTT are not seen",
  timestamping: "who waited for whose ACK is inferred from latencies, not seen",
};

/** One sentence for each capability that is missing. */
export function notSeen(capabilities: Capabilities): string[] {
  return CAPABILITY_NAMES.flatMap((name) => {
    const state = capabilities[name];
    return state === "yes" ? [] : [`${LOSS[name]} (${name}: ${state})`];
  });
}
