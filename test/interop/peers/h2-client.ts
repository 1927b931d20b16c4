/** One request over HTTP/2 with Node's own client, which shares nothing with ours. */
import { readFileSync } from "node:fs";
import { connect, type Http2Session, type IncomingHttpHeaders, type Settings } from "node:http2";

export interface H2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** `h2` over TLS, `h2c` in clear text. */
  readonly alpn: string | undefined;
  /** As the server sent them. */
  readonly settings: Settings;
}

/**
 * @param url `https://…`, or `http://…` for prior knowledge
 * @param certFile the CA to trust
 * @throws Error when the connection or the stream fails, or after five seconds
 */
export async function h2Request(
  url: string,
  certFile: string,
  request: { readonly headers?: Record<string, string>; readonly body?: Uint8Array } = {},
): Promise<H2Answer> {
  const session = connect(url, { ca: readFileSync(certFile), settings: { enablePush: false } });
  try {
    return await exchange(session, new URL(url).pathname, request);
  } finally {
    session.destroy();
  }
}

function exchange(
  session: Http2Session & Pick<ReturnType<typeof connect>, "request">,
  path: string,
  { headers = {}, body }: { readonly headers?: Record<string, string>; readonly body?: Uint8Array },
): Promise<H2Answer> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no answer in 5 s")), 5000);
    const settings = new Promise<Settings>((sent) => session.once("remoteSettings", sent));
    session.once("error", reject);
    const stream = session.request({ ":path": path, ":method": body ? "POST" : "GET", ...headers });
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.once("response", (response) => (head = response));
    stream.once("trailers", (after) => (trailers = after));
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.once("error", reject);
    stream.once("end", async () => {
      clearTimeout(late);
      const status = Number(head[":status"]);
      const alpn = session.alpnProtocol;
      resolve({ status, headers: head, trailers, body: Buffer.concat(chunks), alpn, settings: await settings });
    });
    stream.end(body);
  });
}

/** A unary gRPC call with a raw message; the answer's message is without its five bytes of prefix. */
export async function grpcCall(origin: string, certFile: string, path: string, message: Uint8Array) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const answer = await h2Request(origin + path, certFile, { headers, body: Buffer.concat([prefix, message]) });
  // A call that fails at once has its status in the headers ("trailers only").
  const status = Number(answer.trailers["grpc-status"] ?? answer.headers["grpc-status"]);
  return { grpcStatus: status, message: answer.body.subarray(5), settings: answer.settings, alpn: answer.alpn };
}
