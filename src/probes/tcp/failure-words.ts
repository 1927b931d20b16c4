/** Failures that both engines meet, in the same words. */
import type { Complete } from "../../protocols/protocol.js";
import type { Failure } from "../samples.js";

/** @param code the name of an errno. @returns undefined: it is another trouble */
export function outOfFiles(code: string): string | undefined {
  if (code === "EMFILE") {
    return "this process may open no more files (EMFILE): raise the limit (ulimit -n), or take fewer --connections";
  }
  if (code === "ENFILE") return "this machine may open no more files (ENFILE, fs.file-max): take fewer --connections";
  return undefined;
}

/**
 * The answer came while the request was still being written. A refusal may do that (nginx answers 413 to a large body, RFC 9112
 * 9.5); anything else answered a question that had not been asked yet.
 */
export function earlyAnswer({ kind, detail }: Complete): [failure: Failure, says: string] {
  const what = detail === undefined ? "" : ` (${detail})`;
  if (kind === "error") return ["error-answer", `${detail ?? "refused"}, before the request was written whole`];
  return ["malformed", `an answer${what} came before the request was written whole`];
}
