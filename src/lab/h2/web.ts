/** Requests for pages: any method, the body is passed over. */
import { fieldValue, type HeaderField } from "../../protocols/hpack/field.js";
import { fillerPieces } from "../filler.js";
import type { Floor } from "../floor.js";
import { type Page, pageAt, pageFields } from "../site.js";
import type { Call } from "./call.js";

export function webCall(fields: readonly HeaderField[], { options, value }: Floor): Call {
  const page = pageAt(fieldValue(fields, ":path") ?? "/", options, value);
  const isHead = fieldValue(fields, ":method") === "HEAD";
  return {
    thinkNs: page.thinkNs,
    answer: () => ({ headers: pageFields(page), content: isHead ? [] : contentOf(page) }),
  };
}

const contentOf = ({ body, fillBytes }: Page): Iterable<Uint8Array> =>
  fillBytes > 0 ? fillerPieces(fillBytes) : body.length > 0 ? [body] : [];
