/** The lab servers over QUIC: h3, quic and doq. */
import { usageError } from "../../errors.js";
import { loadQuiche, type NativeConfig, type Quiche } from "../../quic/binding.js";
import { serverConfig } from "../../quic/config.js";
import { QuicServer, type ServerSpec } from "../../quic/server.js";
import { DEFAULT_TRANSPORT, type TransportSettings } from "../../quic/settings.js";
import { random } from "../../stats/random.js";
import { ns } from "../../units/duration.js";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "../certificate.js";
import type { Floor } from "../floor.js";
import type { QuicKind } from "../kinds.js";
import { cannotListen, type Lab } from "../lab.js";
import type { LabOptions } from "../options.js";
import { QuicLabConnection } from "./connection.js";
import type { QuicDialect } from "./dialect.js";
import { doq } from "./doq.js";
import { h3 } from "./h3.js";
import { rawEcho } from "./raw.js";

/** What each kind speaks; a new kind is one line here and one name in LAB_KINDS. */
const DIALECTS: { readonly [K in QuicKind]: (floor: Floor) => QuicDialect } = { h3, quic: rawEcho, doq };

/**
 * @param port 0: any free one
 * @throws NetlatError: exit 4 when it cannot listen, exit 2 when QUIC cannot be had here
 */
export async function serveQuic(kind: QuicKind, floor: Floor, port: number): Promise<Lab> {
  const { options } = floor;
  const quiche = await loadQuiche();
  if ("unavailable" in quiche) throw usageError(`a lab server of ${kind} needs QUIC: ${quiche.unavailable}`);
  const open = new Set<QuicLabConnection>();
  const server = await listen({
    quiche,
    config: configs(quiche, kind, options),
    host: options.host,
    port,
    application: () => {
      const connection = new QuicLabConnection(DIALECTS[kind](floor), floor, (one) => open.delete(one));
      open.add(connection);
      return connection;
    },
    retry: options.retry,
    ackHoldNs: options.ackDelay?.realNs ?? ns(0),
    losesIncoming: losses(options.lossIn ?? options.loss, options.seed),
    // Another row of numbers, or what came and what goes would be lost in step.
    losesOutgoing: losses(options.lossOut ?? options.loss, options.seed + 0x5eed),
  });
  return {
    address: server.address,
    port: server.port,
    close: async () => {
      for (const connection of open) connection.end();
      await server.close();
    },
  };
}

async function listen(spec: ServerSpec): Promise<QuicServer> {
  try {
    return await QuicServer.listen(spec);
  } catch (error) {
    throw cannotListen(error as NodeJS.ErrnoException, spec.host, spec.port);
  }
}

/** One configuration for all connections, or a new one, which knows no earlier ticket, after every so many. */
function configs(quiche: Quiche, kind: QuicKind, options: LabOptions): () => NativeConfig {
  const { rotateTickets, earlyData, ackDelay, maxStreams, idleTimeoutNs, congestion } = options;
  const settings: TransportSettings = {
    ...DEFAULT_TRANSPORT,
    maxStreamsBidi: maxStreams,
    maxAckDelayNs: ackDelay?.advertisedNs ?? DEFAULT_TRANSPORT.maxAckDelayNs,
    idleTimeoutNs,
    congestion,
  };
  const alpn = kind === "quic" ? options.alpn : [kind];
  const make = () =>
    serverConfig(quiche, settings, alpn, { cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY }, { earlyData });
  let config = make();
  let connections = 0;
  return () => {
    if (rotateTickets !== null && connections > 0 && connections % rotateTickets === 0) config = make();
    connections++;
    return config;
  };
}

function losses(share: number, seed: number): () => boolean {
  if (share === 0) return () => false;
  const uniform = random(seed);
  return () => uniform() < share;
}
