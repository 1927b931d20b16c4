/** The pages that all web servers of the lab have, whatever version of HTTP they speak: one path for each experiment. */
import { NetlatError } from "../errors.js";
import type { HeaderField } from "../protocols/hpack/field.js";
import type { Ns } from "../units/duration.js";
import { parseDelay } from "./option.js";
import type { LabOptions } from "./options.js";

export interface Page {
  readonly status: 200 | 400 | 404;
  readonly body: Buffer;
  /** Bytes of filler behind `body`. */
  readonly fillBytes: number;
  /** A delay of its own, instead of the server's. */
  readonly thinkNs: Ns | undefined;
}

/**
 * `/big` is large, `/slow` is slow, what is under `/missing` is not there, and everything else is `value`. `?think=50ms` behind
 * any path is the delay of that answer.
 * @param target of a request, such as `/slow?think=5ms`
 */
export function pageAt(target: string, options: LabOptions, value: Buffer): Page {
  const [path = "", query = ""] = target.replace(/^https?:\/\/[^/]*/i, "").split("?", 2);
  const page = { status: 200, body: value, fillBytes: 0, thinkNs: undefined } as const;
  let thinkNs: Ns | undefined = isUnder(path, "/slow") ? options.slowNs : undefined;
  try {
    const asked = new URLSearchParams(query).get("think");
    if (asked !== null) thinkNs = parseDelay(asked, "think");
  } catch (error) {
    if (error instanceof NetlatError) return { ...page, status: 400, body: Buffer.from(`${error.message}\n`) };
    throw error;
  }
  if (path.startsWith("/missing")) return { ...page, status: 404, body: NOT_FOUND, thinkNs };
  if (isUnder(path, "/big")) return { ...page, body: NOTHING, fillBytes: options.bigBytes, thinkNs };
  return { ...page, thinkNs };
}

/** The header fields of HTTP/2 and HTTP/3 alike. */
export function pageFields({ status, body, fillBytes }: Page): HeaderField[] {
  return [
    { name: ":status", value: String(status) },
    { name: "server", value: "netlat-lab" },
    { name: "content-type", value: "text/plain" },
    { name: "content-length", value: String(body.length + fillBytes) },
  ];
}

const isUnder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const NOT_FOUND = Buffer.from("missing\n");
const NOTHING = Buffer.alloc(0);
