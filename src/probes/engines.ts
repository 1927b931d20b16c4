/** Which engine a probe runs on, and what that one can set and see. */
import { usageError } from "../errors.js";
import type { Target } from "../protocols/protocol.js";
import { loadKernelCalls } from "../sockets/kernel-calls.js";
import type { ProbeEngine } from "./probe.js";

export const ENGINE_CHOICES = ["auto", "net", "kernel"] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

/** What travels on an engine's connections: requests in turns, streams of HTTP/2 too, or QUIC too. Each carries what the earlier ones do. */
const CARRIES = ["turns", "h2", "quic"] as const;

export interface ChosenEngine {
  readonly name: ProbeEngine["name"];
  /** Why this one, in a few words. */
  readonly reason: string;
  readonly carries: (typeof CARRIES)[number];
  start(): Promise<ProbeEngine>;
}

/** @throws NetlatError (exit 2) when the engine that was asked for cannot do it */
export function chooseEngine(choice: EngineChoice, { transport, request }: Target, pipeline = 1): ChosenEngine {
  if (transport === "quic") {
    if (choice === "auto") return quic("QUIC over UDP sockets");
    throw usageError(
      `--engine ${choice}: not possible here: QUIC runs on quiche; leave it out, or write --engine auto`,
    );
  }
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

/** The one of several that can run what all of them were chosen for. */
export function widest(engines: readonly ChosenEngine[]): ChosenEngine {
  const reach = ({ carries }: ChosenEngine): number => CARRIES.indexOf(carries);
  return engines.reduce((most, engine) => (reach(engine) > reach(most) ? engine : most));
}

function kernelMissing(): string | undefined {
  const calls = loadKernelCalls();
  return "unavailable" in calls ? calls.unavailable : undefined;
}

const net = (reason: string): ChosenEngine => ({
  name: "net",
  reason,
  carries: "turns",
  start: async () => (await import("./tcp/net-engine.js")).netEngine(),
});

const streams = (reason: string): ChosenEngine => ({
  name: "net",
  reason,
  carries: "h2",
  start: async () => (await import("./http2/h2-engine.js")).h2Engine(),
});

const quic = (reason: string): ChosenEngine => ({
  name: "quiche",
  reason,
  carries: "quic",
  start: async () => (await import("./quic/quic-engine.js")).quicEngine(),
});

const kernel = (reason: string): ChosenEngine => ({
  name: "kernel",
  reason,
  carries: "turns",
  start: async () => (await import("./tcp/kernel-engine.js")).kernelEngine(),
});

/** What goes unseen without the capability. */
const UNSEEN = [
  ["tcpInfo", "segments, retransmissions and the path's RTT"],
  ["timestamping", "who waited for whose ACK: inferred from latencies"],
] as const;

/**
 * One sentence for each capability to see that is missing. What cannot be *set* is not among them: whoever asks for it is
 * refused with the reason before anything is measured, and nobody else misses it (`source.capabilities` lists all). QUIC misses
 * neither: what TCP's kernel would tell stands in its own packets.
 */
export function notSeen({ name, capabilities }: ProbeEngine): string[] {
  if (name === "quiche") return [];
  return UNSEEN.flatMap(([capability, loss]) => {
    const state = capabilities[capability];
    return state === "yes" ? [] : [`${loss} (${capability}: ${state})`];
  });
}
