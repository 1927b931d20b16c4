/** Which engine a TCP probe runs on, and what that one can set and see. */
import { usageError } from "../../errors.js";
import type { Target } from "../../protocols/protocol.js";
import type { Capabilities } from "../../sockets/capabilities.js";
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
export function chooseEngine(choice: EngineChoice, { transport, request }: Target, pipeline = 1): ChosenEngine {
  if (request.protocol === "h2") {
    if (choice !== "kernel") return streams(choice === "net" ? "asked for" : "HTTP/2 runs on the net engine");
    throw usageError("--engine kernel: not possible here: HTTP/2 runs on the net engine; use --engine net or auto");
  }
  if (choice === "net") return net("asked for");
  const missing =
    transport === "tls"
      ? "TLS runs on the net engine"
      : pipeline > 1
        ? "pipelining runs on the net engine"
        : kernelMissing();
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

const streams = (reason: string): ChosenEngine => ({
  name: "net",
  reason,
  start: async () => (await import("../http2/h2-engine.js")).h2Engine(),
});

const kernel = (reason: string): ChosenEngine => ({
  name: "kernel",
  reason,
  start: async () => (await import("./kernel-engine.js")).kernelEngine(),
});

/** What goes unseen without the capability. */
const UNSEEN = [
  ["tcpInfo", "segments, retransmissions and the path's RTT"],
  ["timestamping", "who waited for whose ACK: inferred from latencies"],
] as const;

/**
 * One sentence for each capability to see that is missing. What cannot be *set* is not among them: whoever asks for it is
 * refused with the reason before anything is measured, and nobody else misses it (`source.capabilities` lists all).
 */
export function notSeen(capabilities: Capabilities): string[] {
  return UNSEEN.flatMap(([name, loss]) => {
    const state = capabilities[name];
    return state === "yes" ? [] : [`${loss} (${name}: ${state})`];
  });
}
