/** From a host name to the address that is probed. */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { EXIT, NetlatError } from "../errors.js";
import type { Target } from "../protocols/protocol.js";
import { type Ns, ns } from "../units/duration.js";
import { nowNs } from "./clock.js";
import { quicAnswers } from "./quic-answers.js";

export interface Resolved {
  readonly address: string;
  readonly family: 4 | 6;
  /** null: the endpoint names an address, there was nothing to look up. */
  readonly dnsNs: Ns | null;
}

/** What a server that is there has said by then, of several addresses where one may be silent. */
const QUIC_PATIENCE_MS = 1000;

/**
 * Looks a name up. Of several addresses the first one that accepts a connection, or answers in QUIC, is taken (`localhost` is often
 * ::1 and 127.0.0.1, and a server listens on one of them); when none does, the first, and the probe says what happened there.
 * @throws NetlatError (exit 4) when the name is not known
 */
export async function resolveHost({ host, port, transport }: Target, timeoutNs: number): Promise<Resolved> {
  const family = isIP(host);
  if (family !== 0) return { address: host, family: family as 4 | 6, dnsNs: null };
  const startNs = nowNs();
  const found = await lookup(host, { all: true, verbatim: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new NetlatError(EXIT.unreachable, `${host}: the name has no address (${cause.code ?? cause.message})`, {
      hint: "check the name, or give an address",
      cause,
    });
  });
  const dnsNs = ns(nowNs() - startNs);
  let chosen = found[0] as { address: string; family: number };
  if (found.length > 1) {
    const timeoutMs = Math.ceil(timeoutNs / 1e6);
    const answers = ({ address, family: own }: LookupAddress): Promise<boolean> =>
      transport === "quic"
        ? quicAnswers(address, own as 4 | 6, port, Math.min(timeoutMs, QUIC_PATIENCE_MS))
        : accepts(address, port, timeoutMs);
    for (const candidate of found) {
      if (!(await answers(candidate))) continue;
      chosen = candidate;
      break;
    }
  }
  return { address: chosen.address, family: chosen.family as 4 | 6, dnsNs };
}

function accepts(address: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (accepted: boolean) => {
      socket.destroy();
      done(accepted);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
