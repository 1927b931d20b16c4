/** What the tests of the QUIC engine share: a lab server in this process, and blocks over a lane. */
import { isIPv6 } from "node:net";
import { onTestFinished } from "vitest";
import { LAB_CERTIFICATE } from "../../../src/lab/certificate.js";
import { labUrl } from "../../../src/lab/endpoint.js";
import type { QuicKind } from "../../../src/lab/kinds.js";
import { type LabOptions, labOptions } from "../../../src/lab/options.js";
import { startLab } from "../../../src/lab/server.js";
import type { BlockResult, Lane, LaneSpec, Load, QuicBehaviour } from "../../../src/probes/probe.js";
import { quicEngine } from "../../../src/probes/quic/quic-engine.js";
import { parseEndpoint } from "../../../src/protocols/endpoint.js";
import { DEFAULT_TRANSPORT } from "../../../src/quic/settings.js";
import type { QuicFacts } from "../../../src/report/model.js";
import { ms } from "../../../src/units/duration.js";
import { CALM, load } from "../tcp/net-lane.js";

export interface Served {
  readonly url: string;
  readonly port: number;
}

/** A lab server that ends with the test. */
export async function serve(kind: QuicKind = "h3", options: Partial<LabOptions> = {}): Promise<Served> {
  const lab = await startLab(kind, options);
  onTestFinished(() => lab.close());
  return { url: labUrl(kind, labOptions(options), lab.address, lab.port), port: lab.port };
}

const behaviour = (alpn: readonly string[], changes: Partial<QuicBehaviour> = {}): QuicBehaviour => ({
  alpn,
  transport: DEFAULT_TRANSPORT,
  earlyData: false,
  ackDelay: undefined,
  migrateAfter: undefined,
  sessionFile: undefined,
  ...changes,
});

export function laneSpec(url: string, quic: Partial<QuicBehaviour> = {}, changes: Partial<LaneSpec> = {}): LaneSpec {
  const target = parseEndpoint(url);
  return {
    target,
    address: "127.0.0.1",
    family: isIPv6(target.host) ? 6 : 4,
    behaviour: CALM,
    connections: 1,
    pipeline: 1,
    reuse: true,
    timeoutNs: ms(2000),
    maxSegment: undefined,
    quic: behaviour(target.alpn ?? [], quic),
    tls: { servername: undefined, insecure: false, ca: LAB_CERTIFICATE, cert: undefined, key: undefined },
    timestamps: false,
    slowest: 3,
    ...changes,
  };
}

export type QuicBlock = BlockResult & { readonly quic: QuicFacts };

export async function openLane(spec: LaneSpec): Promise<Lane> {
  const engine = await quicEngine();
  const lane = await engine.open(spec);
  onTestFinished(async () => {
    await lane.close();
    await engine.close();
  });
  return lane;
}

export async function runOn(lane: Lane, block: Load): Promise<QuicBlock> {
  const result = await lane.run(block, new AbortController().signal, () => {});
  if (result.quic === undefined) throw new Error("a lane of QUIC gave no facts of it");
  return result as QuicBlock;
}

export const runOnce = async (spec: LaneSpec, block: Load = load(10)): Promise<QuicBlock> =>
  runOn(await openLane(spec), block);
