import type { Dialect } from "./dialect.js";

/** Whatever came since the last answer is a request, and the answer to it. */
export function echo(): Dialect {
  return {
    next(buffer) {
      const bytes = buffer.take(buffer.length);
      return bytes === undefined || bytes.length === 0 ? undefined : { build: () => bytes, closes: false };
    },
  };
}
