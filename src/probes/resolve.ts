/** From a host name to the address that is probed. */
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { EXIT, NetlatError } from "../errors.js";
import { type Ns, ns } from "../units/duration.js";
import { nowNs } from "./clock.js";

export interface Resolved {
  readonly address: string;
  readonly family: 4 | 6;
  /** null: the endpoint names an address, there was nothing to look up. */
  readonly dnsNs: Ns | null;
}

/**
 * Looks a name up. Of several addresses the first one that accepts a connection is taken (`localhost` is often ::1 and
 * 127.0.0.1, and a server listens on one of them); when none does, the first, and the probe says what happened there.
 * @throws NetlatError (exit 4) when the name is not known
 */
export async function resolveHost(host: string, port: number, timeoutNs: number): Promise<Resolved> {
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
    for (const candidate of found) {
      if (!(await accepts(candidate.address, port, timeoutNs))) continue;
      chosen = candidate;
      break;
    }
  }
  return { address: chosen.address, family: chosen.family as 4 | 6, dnsNs };
}

function accepts(address: string, port: number, timeoutNs: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: address, port, timeout: Math.ceil(timeoutNs / 1e6) });
    const end = (accepted: boolean) => {
      socket.destroy();
      done(accepted);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
