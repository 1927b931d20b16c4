/** Says how far a connection could be read. */
import type { Sender } from "../tls/plaintext.js";
import type { End } from "./end.js";
import type { QuicHandshake } from "./handshake.js";
import { isKnownVersion, quicVersionName } from "./names.js";
import type { Openers } from "./openers.js";
import type { QuicState } from "./state.js";

/** Packets in a row that do not open, before the key log is taken to be of another connection. */
const PATIENCE = 3;

/** @param clientVersion of the client's long headers; undefined: none was seen */
export function verdictOf(
  ends: Readonly<Record<Sender, End>>,
  openers: Openers,
  handshake: QuicHandshake,
  clientVersion: number | undefined,
): QuicState {
  if (opened(ends, "1-rtt") > 0) return { state: "plaintext-known" };
  if (handshake.clientHello === undefined) return withoutHello(ends, handshake, clientVersion);
  if (handshake.serverHello !== undefined && handshake.suite === undefined) {
    const reason = `${handshake.suiteName}: only AES-GCM and ChaCha20-Poly1305 are read`;
    return { state: "unsupported-suite", reason };
  }
  if (!openers.hasKeyLog) return { state: "no-secret", reason: "no key log was given" };
  const secrets = openers.secrets(handshake);
  if (secrets?.clientTraffic === undefined && secrets?.serverTraffic === undefined) {
    const random = Buffer.from(handshake.clientHello.random.subarray(0, 8)).toString("hex");
    const what = `the key log has no 1-RTT secrets of the connection with client random ${random}...`;
    return { state: "no-secret", reason: what };
  }
  const tried = ends.client.countOf("1-rtt").packets + ends.server.countOf("1-rtt").packets;
  return tried < PATIENCE
    ? { state: "handshake" }
    : { state: "damaged", reason: "no 1-RTT packet opens with the key log" };
}

const opened = ({ client, server }: Readonly<Record<Sender, End>>, type: "1-rtt" | "initial"): number =>
  client.countOf(type).opened + server.countOf(type).opened;

function withoutHello(
  ends: Readonly<Record<Sender, End>>,
  handshake: QuicHandshake,
  clientVersion: number | undefined,
): QuicState {
  if (handshake.damaged) return { state: "damaged", reason: "the ClientHello cannot be read" };
  if (clientVersion !== undefined && !isKnownVersion(clientVersion)) {
    const reason = `QUIC version ${quicVersionName(clientVersion)}; only v1 and v2 are read`;
    return { state: "unsupported-version", reason };
  }
  const initials = ends.client.countOf("initial");
  if (initials.packets === 0) {
    if (ends.client.datagrams + ends.server.datagrams === 0) return { state: "handshake" };
    const reason =
      "the client's first Initial packet is not in the capture, which begins in the middle of the connection";
    return { state: "no-handshake", reason };
  }
  if (initials.opened > 0) return { state: "handshake" };
  const reason =
    "the client's Initial packets do not open: cut off by a snap length (tcpdump -s 0 takes all), or damaged";
  return { state: "damaged", reason };
}
