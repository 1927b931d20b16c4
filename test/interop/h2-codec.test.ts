/** The HTTP/2 and gRPC codecs over a plain socket against real servers: what they say, and what an observer of the same bytes sees. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { grpcRequestHeaders } from "../../src/protocols/grpc/call.js";
import { HEALTH_CHECK_PATH, healthRequest, readHealthResponse } from "../../src/protocols/grpc/health.js";
import { frameGrpcMessage, GrpcMessageReader } from "../../src/protocols/grpc/messages.js";
import { readGrpcStatus } from "../../src/protocols/grpc/status.js";
import { type ClientOptions, H2Client, type RequestOptions } from "../../src/protocols/h2/client.js";
import type { H2Event } from "../../src/protocols/h2/events.js";
import type { Observed } from "../../src/protocols/h2/observed.js";
import { H2Observer } from "../../src/protocols/h2/observer.js";
import { prepareHeaders } from "../../src/protocols/h2/options.js";
import type { H2Stream } from "../../src/protocols/h2/stream.js";
import { fieldValue, headerField } from "../../src/protocols/hpack/field.js";
import { describeWithPeer, H2_PEERS } from "./peers.js";

const now = () => Number(process.hrtime.bigint());
type Event<T extends H2Event["type"]> = Extract<H2Event, { type: T }>;

/** A client on a real socket; everything that passes is observed too. */
class Dialogue {
  readonly events: H2Event[] = [];
  readonly sent: Observed[] = [];
  readonly received: Observed[] = [];
  readonly content = new Map<H2Stream, Buffer[]>();
  readonly client: H2Client;
  readonly #socket;
  readonly #outward = new H2Observer({ emit: (event) => this.sent.push(event), fromStart: false });
  readonly #inward = new H2Observer({ emit: (event) => this.received.push(event), fromStart: true });

  constructor(port: number, options: Partial<ClientOptions> = {}) {
    this.client = new H2Client({ emit: (event) => this.#note(event), ...options }, now());
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => this.flush());
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk) => {
      this.#inward.push(chunk, 0, chunk.length, now());
      this.client.receive(chunk, 0, chunk.length, now());
      this.flush();
    });
  }

  flush(): void {
    for (let output = this.client.takeOutput(now()); output !== undefined; output = this.client.takeOutput(now())) {
      this.#outward.push(output.bytes, 0, output.bytes.length, now());
      this.#socket.write(output.bytes);
    }
  }

  ask(request: RequestOptions): H2Stream {
    const stream = this.client.request(request, now());
    if (stream === undefined) throw new Error("the connection takes no requests");
    this.flush();
    return stream;
  }

  of<T extends H2Event["type"]>(type: T): Event<T>[] {
    return this.events.filter((event): event is Event<T> => event.type === type);
  }

  async until(done: () => boolean, what: string): Promise<void> {
    for (const deadline = Date.now() + 10_000; !done(); await sleep(2)) {
      if (Date.now() < deadline) continue;
      throw new Error(`waited for ${what}; saw ${this.events.map(({ type }) => type).join(" ")}`);
    }
  }

  /** The status and content of a whole answer. */
  async answer(stream: H2Stream): Promise<{ status: string | undefined; content: Buffer }> {
    await this.until(() => this.of("end").some((event) => event.stream === stream), `the end of stream ${stream.id}`);
    const headers = this.of("headers").find((event) => event.stream === stream && event.kind === "response");
    return {
      status: fieldValue(headers?.fields ?? [], ":status"),
      content: Buffer.concat(this.content.get(stream) ?? []),
    };
  }

  close(): void {
    this.#socket.destroy();
  }

  #note(event: H2Event): void {
    this.events.push(event);
    if (event.type !== "data") return;
    const pieces = this.content.get(event.stream) ?? [];
    this.content.set(event.stream, pieces);
    pieces.push(Buffer.from(event.bytes.subarray(event.start, event.end)));
  }
}

const fields = (method: string, path: string) =>
  Object.entries({ ":method": method, ":scheme": "http", ":authority": "localhost", ":path": path }).map(
    ([name, value]) => headerField(name, value),
  );
const seen = <T extends Observed["type"]>(events: readonly Observed[], type: T) =>
  events.filter((event): event is Extract<Observed, { type: T }> => event.type === type);

for (const name of H2_PEERS) {
  describeWithPeer(name, (server) => {
    test("SETTINGS, PING, GET, POST, a large answer; and an observer sees the same", async () => {
      const dialogue = new Dialogue(server.ports.h2c, {
        connectionWindowBytes: 1 << 20,
        settings: { initialWindowBytes: 1 << 19 },
      });
      const { client } = dialogue;
      await dialogue.until(() => dialogue.of("settings-acked").length > 0, "both SETTINGS");
      expect(client.peerSettings.maxConcurrentStreams).toBeGreaterThanOrEqual(100);
      const token = client.ping(now());
      dialogue.flush();
      await dialogue.until(() => dialogue.of("pong").length > 0, "the answer to PING");
      expect(dialogue.of("pong")[0]!.token).toBe(token);

      const get = prepareHeaders(fields("GET", "/small"));
      for (let i = 0; i < 3; i++) {
        expect(await dialogue.answer(dialogue.ask({ headers: get }))).toMatchObject({
          status: "200",
          content: Buffer.alloc(64, "s"),
        });
      }
      const post = dialogue.ask({ headers: fields("POST", "/post"), body: Buffer.alloc(200_000, "p") });
      expect((await dialogue.answer(post)).status).toBe("200");
      const big = await dialogue.answer(dialogue.ask({ headers: fields("GET", "/big") }));
      expect(big.content.equals(Buffer.alloc(10_000_000, "b"))).toBe(true);
      expect([client.fault, dialogue.of("goaway")]).toEqual([undefined, []]);
      // A server that has answered before all of a POST has come may reset the rest (RFC 9113 section 8.1; haproxy says CANCEL).
      const reset = dialogue.of("reset").filter(({ stream }) => stream !== post);
      expect(reset).toEqual([]);
      dialogue.close();

      // The server compresses with a table of its own; our decoder and an observer's agree on every field.
      const headers = dialogue.of("headers");
      expect(seen(dialogue.received, "headers").map((one) => [one.streamId, one.kind, one.fields])).toEqual(
        headers.map((one) => [one.stream.id, one.kind, one.fields]),
      );
      expect(seen(dialogue.received, "headers").every(({ complete }) => complete)).toBe(true);
      expect(seen(dialogue.received, "data").reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
        [...dialogue.content.values()].reduce((sum, pieces) => sum + Buffer.concat(pieces).length, 0),
      );
      expect(seen(dialogue.sent, "headers").map(({ streamId, kind }) => [streamId, kind])).toEqual(
        [1, 3, 5, 7, 9].map((id) => [id, "request"]),
      );
      expect([...seen(dialogue.sent, "lost"), ...seen(dialogue.received, "lost")]).toEqual([]);
    });
  });
}

describeWithPeer(
  "nghttpd",
  (server) => {
    test("above its limit requests wait; the one too many that is sent ends in GOAWAY PROTOCOL_ERROR", async () => {
      const dialogue = new Dialogue(server.ports.h2c);
      await dialogue.until(() => dialogue.of("settings").length > 0, "SETTINGS");
      const headers = fields("GET", "/small");
      const streams = Array.from({ length: 20 }, () => dialogue.client.request({ headers }, now())!);
      expect(streams.filter(({ state }) => state === "queued")).toHaveLength(10);
      dialogue.flush();
      for (const stream of streams) expect((await dialogue.answer(stream)).status).toBe("200");
      // The server answers a whole request at once, so the streams that stay open are those without an end.
      for (let i = 0; i < 11; i++)
        dialogue.client.request({ headers: fields("POST", "/post"), open: true, overLimit: true }, now());
      dialogue.flush();
      await dialogue.until(() => dialogue.of("goaway").length > 0, "GOAWAY");
      expect(dialogue.of("goaway")[0]).toMatchObject({ codeName: "PROTOCOL_ERROR" });
      dialogue.close();
    });
  },
  { maxConcurrentStreams: 10 },
);

describeWithPeer("etcd", (server) => {
  test("the health check answers SERVING, and pings too often end in ENHANCE_YOUR_CALM too_many_pings", async () => {
    const dialogue = new Dialogue(server.ports.h2c);
    const call = {
      path: HEALTH_CHECK_PATH,
      scheme: "http",
      authority: "localhost",
      userAgent: "netlat",
      timeoutNs: 2e9,
    } as const;
    const stream = dialogue.ask({ headers: grpcRequestHeaders(call), body: frameGrpcMessage(healthRequest()) });
    const { content } = await dialogue.answer(stream);
    const messages = new GrpcMessageReader().push(content);
    if ("malformed" in messages) throw new Error(messages.malformed);
    expect(messages.map(({ bytes }) => readHealthResponse(bytes))).toEqual(["SERVING"]);
    const trailers = dialogue.of("headers").find(({ kind }) => kind === "trailers");
    expect(readGrpcStatus(trailers?.fields ?? [])).toMatchObject({ code: 0, name: "OK" });
    for (let i = 0; i < 6 && dialogue.of("goaway").length === 0; i++) {
      dialogue.client.ping(now());
      dialogue.flush();
      await sleep(20);
    }
    await dialogue.until(() => dialogue.of("goaway").length > 0, "GOAWAY");
    expect(dialogue.of("goaway")[0]).toMatchObject({ codeName: "ENHANCE_YOUR_CALM", debug: "too_many_pings" });
    dialogue.close();
  });
});
