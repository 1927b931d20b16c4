/** HTTP/1.1 requests (RFC 9112): any method, bodies by Content-Length or chunked, connections kept open. */
import type { Dialect, Reply } from "./dialect.js";
import type { LabOptions } from "./options.js";
import type { RequestBuffer } from "./request-buffer.js";
import { type Page, pageAt } from "./site.js";

const MAX_LINE = 16 * 1024;
const MAX_FIELDS = 200;

/** The pages of the lab's site; most are `value`. */
export function http(options: LabOptions, value: Buffer): Dialect {
  let head: string[] = [];
  let body: Body | undefined;
  return {
    next(buffer) {
      for (;;) {
        if (body !== undefined) {
          const state = body.read(buffer);
          if (state === "incomplete") return undefined;
          if (state === "malformed") return refusal("400 Bad Request");
          const request = head;
          head = [];
          body = undefined;
          return answerTo(request, options, value);
        }
        const line = buffer.line(MAX_LINE);
        if (line === undefined) return undefined;
        if (line === "overlong" || head.length > MAX_FIELDS) return refusal("431 Request Header Fields Too Large");
        if (line.text !== "") head.push(line.text);
        else if (head.length > 0) {
          body = bodyBehind(head); // and empty lines before a request are skipped (RFC 9112 2.2)
          if (body === undefined) return refusal("400 Bad Request");
        }
      }
    },
  };
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) (\S+) HTTP\/1\.([01])$/;
type ReadState = "complete" | "incomplete" | "malformed";

/** A body on its way: it is counted, never kept. */
interface Body {
  read(buffer: RequestBuffer): ReadState;
}

/** How the request's body ends (RFC 9112 6.3); undefined: the head is not one. */
function bodyBehind(head: readonly string[]): Body | undefined {
  if (!REQUEST_LINE.test(head[0] ?? "")) return undefined;
  if (head.slice(1).some((line) => !/^[!#$%&'*+.^_`|~\w-]+:/.test(line))) return undefined;
  const coding = field(head, "transfer-encoding");
  if (coding !== undefined) return /^chunked$/i.test(coding) ? chunkedBody() : undefined;
  const length = field(head, "content-length") ?? "0";
  return /^\d{1,15}$/.test(length) ? countedBody(Number(length)) : undefined;
}

function countedBody(length: number): Body {
  let left = length;
  return {
    read(buffer) {
      left -= buffer.drop(left);
      return left === 0 ? "complete" : "incomplete";
    },
  };
}

/** Chunks, the last one of size 0, then trailers up to an empty line (RFC 9112 7.1). */
function chunkedBody(): Body {
  let part: "size" | "data" | "trailers" = "size";
  let left = 0;
  return {
    read(buffer) {
      for (;;) {
        if (part === "data") {
          left -= buffer.drop(left);
          if (left > 0) return "incomplete";
          part = "size";
        }
        const line = buffer.line(MAX_LINE);
        if (line === undefined) return "incomplete";
        if (line === "overlong") return "malformed";
        if (part === "trailers") {
          if (line.text === "") return "complete";
          continue;
        }
        const size = /^([0-9a-f]{1,8})\s*(;.*)?$/i.exec(line.text)?.[1];
        if (size === undefined) return "malformed";
        left = Number.parseInt(size, 16) + 2; // and the CRLF behind the chunk
        part = left === 2 ? "trailers" : "data";
      }
    },
  };
}

function answerTo(head: readonly string[], options: LabOptions, value: Buffer): Reply {
  const [, method, target = "", minor] = REQUEST_LINE.exec(head[0] ?? "") ?? [];
  const { status, body, fillBytes, thinkNs } = pageAt(target, options, value);
  const connection = field(head, "connection") ?? "";
  const closes = /\bclose\b/i.test(connection) || (minor === "0" && !/\bkeep-alive\b/i.test(connection));
  return {
    build: (last) => {
      const answer = responseHead(STATUS[status], body.length + fillBytes, last, minor === "0");
      return method === "HEAD" ? answer : Buffer.concat([answer, body]);
    },
    fillBytes: method === "HEAD" ? 0 : fillBytes,
    thinkNs,
    closes,
  };
}

function refusal(status: string): Reply {
  return { build: () => responseHead(status, 0, true, false), closes: true };
}

function responseHead(status: string, length: number, last: boolean, oldClient: boolean): Buffer {
  const connection = last ? "Connection: close\r\n" : oldClient ? "Connection: keep-alive\r\n" : "";
  const fields = `Server: netlat-lab\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n${connection}`;
  return Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n`, "latin1");
}

function field(head: readonly string[], name: string): string | undefined {
  const line = head.slice(1).find((text) => text.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

const STATUS: { readonly [S in Page["status"]]: string } = {
  200: "200 OK",
  400: "400 Bad Request",
  404: "404 Not Found",
};
