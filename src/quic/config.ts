/** From settings to quiche's own. */
import { rootCertificates } from "node:tls";
import { usageError } from "../errors.js";
import type { NativeConfig, Quiche } from "./binding.js";
import type { TransportSettings } from "./settings.js";

export interface Identity {
  /** PEM: a certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
}

export interface ClientSecurity {
  readonly insecure: boolean;
  /** PEM; undefined: the CAs that Node comes with. */
  readonly ca: string | undefined;
  readonly identity: Identity | undefined;
}

/**
 * The client's. One for all connections of a lane: reading the CAs takes longer than a handshake.
 * @throws NetlatError (exit 2) for a certificate, key or CA that cannot be used
 */
export function clientConfig(
  quiche: Quiche,
  settings: TransportSettings,
  alpn: readonly string[],
  { insecure, ca, identity }: ClientSecurity,
): NativeConfig {
  const trusted = insecure ? null : pem(ca ?? rootCertificates.join("\n"));
  const config = common(securityContext(quiche, !insecure, trusted, identity, { "--ca": ca }), settings, alpn);
  config.enableEarlyData();
  return config;
}

/**
 * A server's. It has the key of its tickets: those of another one are rejected, and the 0-RTT that came with them.
 * @throws NetlatError (exit 2) for a certificate that cannot be used
 */
export function serverConfig(
  quiche: Quiche,
  settings: TransportSettings,
  alpn: readonly string[],
  identity: Identity,
  { earlyData }: { readonly earlyData: boolean },
): NativeConfig {
  const config = common(securityContext(quiche, false, null, identity, {}), settings, alpn);
  if (earlyData) config.enableEarlyData();
  return config;
}

function securityContext(
  quiche: Quiche,
  verify: boolean,
  ca: Uint8Array | null,
  identity: Identity | undefined,
  given: Readonly<Record<string, unknown>>,
): NativeConfig {
  const certs = identity === undefined ? null : [pem(identity.cert)];
  const keys = identity === undefined ? null : [pem(identity.key)];
  try {
    return quiche.Config.withBoringSslCtx(verify, false, ca, keys, certs, null);
  } catch (error) {
    const flags = Object.entries({ ...given, "--cert and --key": identity }).flatMap(([flag, value]) =>
      value === undefined ? [] : [flag],
    );
    throw usageError(
      `${flags.join(", ")}: cannot be used for QUIC (${(error as Error).message}); give PEM files that belong together`,
    );
  }
}

function common(config: NativeConfig, settings: TransportSettings, alpn: readonly string[]): NativeConfig {
  const ms = (durationNs: number): number => Math.max(1, Math.round(durationNs / 1e6));
  config.setApplicationProtos([...alpn]);
  // Grease is there to keep servers tolerant; a measurement wants each connection to be the same.
  config.grease(false);
  config.logKeys();
  config.setMaxIdleTimeout(ms(settings.idleTimeoutNs));
  config.setMaxRecvUdpPayloadSize(LARGEST_UDP_PAYLOAD);
  config.setMaxSendUdpPayloadSize(settings.maxUdpPayloadBytes);
  config.setInitialMaxData(settings.windowBytes);
  config.setMaxConnectionWindow(settings.windowBytes);
  config.setInitialMaxStreamDataBidiLocal(settings.streamWindowBytes);
  config.setInitialMaxStreamDataBidiRemote(settings.streamWindowBytes);
  config.setInitialMaxStreamDataUni(settings.streamWindowBytes);
  config.setMaxStreamWindow(settings.streamWindowBytes);
  config.setInitialMaxStreamsBidi(settings.maxStreamsBidi);
  config.setInitialMaxStreamsUni(settings.maxStreamsUni);
  config.setMaxAckDelay(Math.round(settings.maxAckDelayNs / 1e6));
  config.setCcAlgorithmName(settings.congestion);
  // Without a pacer behind the socket the send times that it computes could not be kept.
  config.enablePacing(false);
  config.setActiveConnectionIdLimit(4);
  config.setDisableActiveMigration(false);
  return config;
}

/** RFC 9000 section 18.2, max_udp_payload_size: the default, and the most that IPv4 and UDP can carry. */
const LARGEST_UDP_PAYLOAD = 65_527;

const pem = (text: string): Uint8Array => new TextEncoder().encode(text);
