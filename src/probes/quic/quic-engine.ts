/** QUIC on quiche, each request a stream: HTTP/3, raw streams, DNS. Lanes of other transports run on the engines for TCP beside it. */
import { usageError } from "../../errors.js";
import { loadQuiche, type Quiche } from "../../quic/binding.js";
import { CAPABILITY_NAMES, type Capabilities } from "../../sockets/capabilities.js";
import { nowNs } from "../clock.js";
import type { Lane, LaneSpec, ProbeEngine, QuicBehaviour } from "../probe.js";
import { sessionsLane } from "../sessions.js";
import { KeyLogFile } from "../tcp/key-log-file.js";
import { LaneFacts } from "./lane-facts.js";
import { QuicChannel } from "./quic-channel.js";
import { quicPlan } from "./quic-plan.js";
import { Tickets } from "./tickets.js";

const CAPABILITIES = Object.fromEntries(
  CAPABILITY_NAMES.map((name) => [name, "no: it is a matter of TCP, and this is QUIC"]),
) as unknown as Capabilities;

/** @throws NetlatError (exit 2) when the engine cannot be had here */
export async function quicEngine(): Promise<ProbeEngine> {
  const quiche = await loadQuiche();
  if ("unavailable" in quiche) throw usageError(`QUIC is not possible here: ${quiche.unavailable}`);
  let others: ProbeEngine | undefined;
  let keyLog: KeyLogFile | undefined;
  return {
    name: "quiche",
    capabilities: CAPABILITIES,
    async open(spec) {
      if (spec.quic === undefined) {
        others ??= (await import("../http2/h2-engine.js")).h2Engine();
        return others.open(spec);
      }
      const path = spec.tls?.keyLogFile;
      if (path !== undefined) keyLog ??= new KeyLogFile(path);
      return quicLane(spec, spec.quic, quiche, keyLog);
    },
    async close() {
      keyLog?.close();
      keyLog = undefined;
      await others?.close();
    },
  };
}

function quicLane(spec: LaneSpec, quic: QuicBehaviour, quiche: Quiche, keyLog: KeyLogFile | undefined): Lane {
  const plan = quicPlan(spec, quic, quiche);
  const { target, address } = spec;
  const tickets = new Tickets(quic.sessionFile, `${plan.servername ?? ""} ${address}:${target.port} ${quic.alpn[0]}`);
  const facts = new LaneFacts(keyLog);
  const channels: QuicChannel[] = [];
  const inner = sessionsLane({
    timeoutNs: spec.timeoutNs,
    slowest: spec.slowest,
    measuring: (measures) => {
      if (measures) facts.measures(nowNs());
    },
    sessions: (host) => {
      for (let number = 0; number < spec.connections; number++) {
        channels.push(new QuicChannel(plan, facts, tickets, host, number));
      }
      return channels.flatMap(({ places }) => places);
    },
  });
  return {
    async run(load, signal, onProgress) {
      const block = await inner.run(load, signal, onProgress);
      for (const channel of channels) channel.noteWindow();
      await facts.log.read();
      return { ...block, quic: facts.facts() };
    },
    async close() {
      await inner.close();
      await facts.log.read();
      facts.log.close();
      tickets.save();
    },
  };
}
