/** A header field as HPACK carries it. Each character of `name` and `value` is one octet (latin1); names are in lower case. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Must not enter a table of any hop (RFC 7541 section 7.1.3): a password or a token. */
  readonly neverIndexed?: true;
  /**
   * Only from a decoder that joined in the middle: what stood in the part of the dynamic table it never saw.
   * An unknown part reads `UNKNOWN`.
   */
  readonly unknown?: "name" | "name and value";
}

/** Stands for an unknown name or value; no token may contain it, so no real name is mistaken for it. */
export const UNKNOWN = "?";

/** An entry's size is its octets and 32 for the bookkeeping (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** SETTINGS_HEADER_TABLE_SIZE where nobody said otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

/** Text as a person types it, as a field: the name in lower case, characters beyond ASCII as their UTF-8 octets. */
export function headerField(name: string, value: string, options: { neverIndexed?: boolean } = {}): HeaderField {
  const field = { name: octets(name.toLowerCase()), value: octets(value) };
  return options.neverIndexed === true ? { ...field, neverIndexed: true } : field;
}

function octets(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Size of a header list as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2), in bytes. */
export function headerListBytes(fields: readonly HeaderField[]): number {
  let bytes = 0;
  for (const { name, value } of fields) bytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
  return bytes;
}

/** The first field of that name. @param name in lower case */
export function fieldValue(fields: readonly HeaderField[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}
