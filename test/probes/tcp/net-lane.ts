/** What the tests of the net engine share: loopback servers in this process, and one block over a lane. */
import net from "node:net";
import { onTestFinished } from "vitest";
import type { Behaviour, BlockResult, Lane, LaneSpec, Load } from "../../../src/probes/probe.js";
import { failureOf, type SampleColumns } from "../../../src/probes/samples.js";
import { netEngine } from "../../../src/probes/tcp/net-engine.js";
import type { RequestSpec } from "../../../src/protocols/protocol.js";
import { ms, type Ns } from "../../../src/units/duration.js";

/** `get k` + CR LF; cut into `get `, `k`, CR LF by its fields. */
export const GET: RequestSpec = { protocol: "memcached", command: "get", key: "k" };
export const GET_CUTS = [4, 5];
export const MISS = "END\r\n";

export const CALM: Behaviour = { nagle: false, cuts: [], gapNs: ms(0), quickack: "default", cork: false };

export const spec = (port: number, changes: Partial<LaneSpec> = {}): LaneSpec => ({
  target: { endpoint: `memcached://127.0.0.1:${port}/k`, host: "127.0.0.1", port, transport: "tcp", request: GET },
  address: "127.0.0.1",
  family: 4,
  behaviour: CALM,
  connections: 1,
  pipeline: 1,
  reuse: true,
  timeoutNs: ms(1000),
  maxSegment: undefined,
  tls: undefined,
  timestamps: false,
  slowest: 3,
  ...changes,
});

export const load = (requests: number, changes: Partial<Load> = {}): Load => ({
  warmup: 0,
  requests,
  durationNs: Number.POSITIVE_INFINITY,
  pacing: { kind: "closed" },
  seed: 1,
  ...changes,
});

/** Calls `onConnection` with the socket and how many came before it. Closed with all its sockets when the test ends. */
export async function listen(onConnection: (socket: net.Socket, before: number) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  let before = 0;
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket, before++);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

/** Answers every `\n` with `answer(number of the request on this connection)`; undefined: not at all. */
export function answering(
  answer: (number: number, socket: net.Socket, connection: number) => string | undefined = () => MISS,
): (socket: net.Socket, before: number) => void {
  return (socket, before) => {
    let number = 0;
    socket.on("data", (chunk) => {
      for (const byte of chunk) {
        if (byte !== 0x0a) continue;
        const text = answer(number++, socket, before);
        if (text !== undefined) socket.write(text);
      }
    });
  };
}

export async function openLane(laneSpec: LaneSpec): Promise<Lane> {
  const lane = await netEngine().open(laneSpec);
  onTestFinished(() => lane.close());
  return lane;
}

export async function runOnce(laneSpec: LaneSpec, blockLoad: Load): Promise<BlockResult> {
  const lane = await openLane(laneSpec);
  return lane.run(blockLoad, new AbortController().signal, () => {});
}

/** `value`, `miss`, or the failure, of each sample. */
export const kinds = (samples: SampleColumns): string[] =>
  Array.from(samples.status, (status) => failureOf(status) ?? (status === 0 ? "value" : "miss"));

export const latencies = (samples: SampleColumns): Ns[] =>
  Array.from(samples.endNs, (endNs, at) => (endNs - (samples.startNs[at] as number)) as Ns);

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
