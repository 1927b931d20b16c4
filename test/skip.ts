/** The one way to skip a test: with the reason, which `npm test` prints at its end. */
declare module "@vitest/runner" {
  interface TaskMeta {
    skipReason?: string;
  }
}

/**
 * Options for `test` or `describe`: `test("reads TCP_INFO", onlyIf(linux, "TCP_INFO needs Linux"), () => …)`.
 * @param possible whether this host can run it
 * @param otherwise why not, in a few words
 */
export function onlyIf(possible: boolean, otherwise: string): { skip?: boolean; meta?: { skipReason: string } } {
  return possible ? {} : { skip: true, meta: { skipReason: otherwise } };
}
