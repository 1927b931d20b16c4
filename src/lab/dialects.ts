import type { Dialect } from "./dialect.js";
import { echo } from "./echo.js";
import { http } from "./http.js";
import { memcached } from "./memcached.js";
import type { LabKind } from "./options.js";
import { redis } from "./redis.js";

/** What each kind of server understands and answers; a new kind is one line here and one name in LAB_KINDS. */
export const DIALECTS: { readonly [K in LabKind]: (value: Buffer) => Dialect } = { memcached, redis, http, echo };
