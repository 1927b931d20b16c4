/** What the tests of the HTTP/2 engine share: node:http2 servers in this process, an implementation that is not ours. */
import http2 from "node:http2";
import type net from "node:net";
import { onTestFinished } from "vitest";
import { h2Engine } from "../../../src/probes/http2/h2-engine.js";
import type { BlockResult, Lane, LaneSpec, Load } from "../../../src/probes/probe.js";
import { parseEndpoint } from "../../../src/protocols/endpoint.js";
import type { H2Facts } from "../../../src/report/model.js";
import { ms } from "../../../src/units/duration.js";
import { CALM } from "../tcp/net-lane.js";

export const laneSpec = (url: string, changes: Partial<LaneSpec> = {}, body?: Uint8Array): LaneSpec => {
  const target = parseEndpoint(url, body === undefined ? {} : { body, method: "POST" });
  return {
    target,
    address: "127.0.0.1",
    family: 4,
    behaviour: CALM,
    connections: 1,
    pipeline: 1,
    reuse: true,
    timeoutNs: ms(2000),
    maxSegment: undefined,
    tls: undefined,
    timestamps: false,
    slowest: 0,
    ...changes,
  };
};

export const answer = (stream: http2.ServerHttp2Stream, text = "hello"): void => {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ":status": 200 });
  stream.end(text);
};

/** `onStream` gets each request, with how many came before it on all connections. Closed when the test ends. */
export async function serve(
  onStream: (stream: http2.ServerHttp2Stream, before: number) => void = (stream) => answer(stream),
  options: http2.ServerOptions = {},
): Promise<{ url: string; port: number; sessions: http2.ServerHttp2Session[] }> {
  const sessions: http2.ServerHttp2Session[] = [];
  let before = 0;
  const server = http2.createServer(options);
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    onStream(stream, before++);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { url: `h2c://127.0.0.1:${port}/`, port, sessions };
}

export async function openLane(spec: LaneSpec): Promise<Lane> {
  const lane = await h2Engine().open(spec);
  onTestFinished(() => lane.close());
  return lane;
}

export async function runOnce(spec: LaneSpec, load: Load): Promise<BlockResult & { h2: H2Facts }> {
  const lane = await openLane(spec);
  return withFacts(await lane.run(load, new AbortController().signal, () => {}));
}

export function withFacts(block: BlockResult): BlockResult & { h2: H2Facts } {
  if (block.h2 === undefined) throw new Error("a block of HTTP/2 without its facts");
  return { ...block, h2: block.h2 };
}
