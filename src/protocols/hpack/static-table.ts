/** The static table of HPACK (RFC 7541 appendix A). Indices begin with 1. */
import type { HeaderField } from "./field.js";

const ROWS = `:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204
:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|accept-language
accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding
content-language|content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match
if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate
proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding
user-agent|vary|via|www-authenticate`;

/** Entry of index i is `STATIC_TABLE[i - 1]`. */
export const STATIC_TABLE: readonly HeaderField[] = ROWS.split(/[|\n]/).map((row) => {
  const [name, value = ""] = row.split("=");
  return Object.freeze({ name: name!, value });
});

/** The dynamic table begins behind it. */
export const STATIC_ENTRIES = STATIC_TABLE.length;

interface StaticName {
  /** The first entry with this name. */
  readonly index: number;
  readonly values: Map<string, number>;
}

const byName = new Map<string, StaticName>();
STATIC_TABLE.forEach(({ name, value }, at) => {
  const known = byName.get(name);
  if (known === undefined) byName.set(name, { index: at + 1, values: new Map([[value, at + 1]]) });
  else known.values.set(value, at + 1);
});

/** @returns the index of name and value, or minus the index of the name alone, or 0 */
export function findStatic(name: string, value: string): number {
  const known = byName.get(name);
  return known === undefined ? 0 : (known.values.get(value) ?? -known.index);
}
