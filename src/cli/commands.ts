import type { Command } from "commander";
import type { Ui } from "../commands/ui.js";

/** A subcommand before its module is loaded: enough for `netlat --help`. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Imports the command's module, and with it whatever engine it needs. */
  load(): Promise<(ui: Ui) => Command>;
}

/** A new command is one file in src/commands and one entry here. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "probe",
    summary: "measure a live endpoint, vary one behaviour at a time, and name the cause",
    load: async () => (await import("../commands/probe.js")).probeCommand,
  },
  {
    name: "pcap",
    summary: "read a capture, find the stalls and their causes",
    load: async () => (await import("../commands/pcap.js")).pcapCommand,
  },
  {
    name: "pool",
    summary: "size a connection pool by Little's law",
    load: async () => (await import("../commands/pool.js")).poolCommand,
  },
  {
    name: "check",
    summary: "hold probes and captures against what a suite expects: a gate for CI",
    load: async () => (await import("../commands/check.js")).checkCommand,
  },
  {
    name: "init",
    summary: "write a first suite for netlat check",
    load: async () => (await import("../commands/init.js")).initCommand,
  },
  {
    name: "compare",
    summary: "hold two reports against each other: faster, slower, the same, or unknown",
    load: async () => (await import("../commands/compare.js")).compareCommand,
  },
  {
    name: "merge",
    summary: "add reports of many machines or runs up to one",
    load: async () => (await import("../commands/merge.js")).mergeCommand,
  },
  {
    name: "report",
    summary: "show a saved report again, in any format",
    load: async () => (await import("../commands/report.js")).reportCommand,
  },
  {
    name: "serve",
    summary: "run a lab server whose delays, ACKs and write splitting you set",
    load: async () => (await import("../commands/serve.js")).serveCommand,
  },
  {
    name: "explain",
    summary: "say what a finding means, how it is proved and how to fix it",
    load: async () => (await import("../commands/explain.js")).explainCommand,
  },
];

/** Shown below the commands in `netlat --help`. */
export const EXAMPLES = `
Examples:
  netlat probe                                  find the stall in the lab
  netlat probe memcached://127.0.0.1:11211/key  ask a real server
  netlat probe redis://cache:6379/key --rate 2000/s --connections 8
  netlat probe grpc://127.0.0.1:50051 --streams 1,10,100 --requests 1000
  netlat pcap trace.pcapng                      find the stalls in a capture
  netlat pool --rate 5000/s --latency 45ms --connections 20 --after 1ms
  netlat pool report.json --rate 5000/s --growth 30%
  netlat compare base.json new.json             faster, slower, or the same
  netlat probe --ab redis://old:6379/k redis://new:6379/k
  netlat init && netlat check                   a gate for CI
  netlat serve memcached --think 5ms
  netlat explain nagle-delayed-ack

Exit codes: 0 done or gate passed, 1 gate failed, 2 wrong usage, 3 unreadable
input, 4 target unreachable or no usable sample, 5 inconclusive, 70 a bug in
netlat, 130 interrupted.
`;
