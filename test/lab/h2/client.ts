/** Node's own HTTP/2 client, which shares nothing with the lab's server. */
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { onTestFinished } from "vitest";
import { LAB_CERTIFICATE } from "../../../src/lab/certificate.js";
import type { H2Kind } from "../../../src/lab/kinds.js";
import type { LabOptions } from "../../../src/lab/options.js";
import { lab } from "../client.js";

export interface Response {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ms: number;
}

/** A stream that did not end well. */
export interface Lost {
  readonly lost: string;
}

/** A session with a lab of its own, once the server's SETTINGS have come. Both end with the test. */
export async function session(kind: H2Kind, options: Partial<LabOptions> = {}): Promise<Session> {
  const { port } = await lab(kind, options);
  const secure = kind === "h2" || options.tls === true;
  const client = connect(`${secure ? "https" : "http"}://127.0.0.1:${port}`, { ca: LAB_CERTIFICATE });
  const made = new Session(client, port);
  await Promise.race([once(client, "remoteSettings"), made.closed]);
  return made;
}

export class Session {
  readonly client: ClientHttp2Session;
  readonly port: number;
  readonly goaways: { readonly code: number; readonly last: number; readonly text: string }[] = [];
  isClosed = false;
  readonly closed: Promise<void>;

  constructor(client: ClientHttp2Session, port: number) {
    this.client = client;
    this.port = port;
    client.on("goaway", (code, last, text) => {
      this.goaways.push({ code, last, text: Buffer.from(text ?? []).toString() });
    });
    client.on("error", () => {});
    this.closed = new Promise((done) =>
      client.once("close", () => {
        this.isClosed = true;
        done();
      }),
    );
    onTestFinished(() => client.destroy());
  }

  /** The whole answer; rejects when the stream is reset or the connection lost. */
  ask(path: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Response> {
    const start = performance.now();
    const stream = this.client.request({ ":path": path, ":method": body === undefined ? "GET" : "POST", ...headers });
    return new Promise((done, fail) => {
      let head: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      stream.on("response", (response) => {
        head = response;
      });
      stream.on("trailers", (after) => {
        trailers = after;
      });
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("error", () => {});
      stream.on("close", () => {
        const ended =
          stream.rstCode === constants.NGHTTP2_NO_ERROR && head[":status"] !== undefined && stream.readableEnded;
        if (!ended) fail(new Error(`reset ${stream.rstCode}`));
        else done({ headers: head, trailers, body: Buffer.concat(chunks), ms: performance.now() - start });
      });
      stream.end(body);
    });
  }

  /** The same, with a loss as a value. */
  async outcome(path: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Response | Lost> {
    try {
      return await this.ask(path, headers, body);
    } catch (error) {
      return { lost: (error as Error).message };
    }
  }

  ping(): Promise<number> {
    return new Promise((done, fail) => {
      this.client.ping((error, ms) => (error ? fail(error) : done(ms)));
    });
  }
}

export const isLost = (outcome: Response | Lost): outcome is Lost => "lost" in outcome;
