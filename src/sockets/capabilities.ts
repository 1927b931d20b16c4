/** What the kernel lets us set and see on a TCP socket, on this platform and through this engine. */
export const CAPABILITY_NAMES = ["nodelay", "quickack", "cork", "maxSegment", "tcpInfo", "timestamping"] as const;
export type Capability = (typeof CAPABILITY_NAMES)[number];
/** `yes`, or `no:` with the reason in a few words. */
export type Availability = "yes" | `no: ${string}`;
export type Capabilities = Readonly<Record<Capability, Availability>>;

/** The same capability set with some of them taken away, because an engine or a transport cannot use them. */
export function without(base: Capabilities, missing: readonly Capability[], reason: string): Capabilities {
  const result: Record<Capability, Availability> = { ...base };
  for (const name of missing) if (result[name] === "yes") result[name] = `no: ${reason}`;
  return result;
}
