/** Names of the link types that are decoded (tcpdump.org/linktypes.html), for people. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, "BSD null/loopback"],
  [1, "Ethernet"],
  [9, "PPP"],
  [12, "raw IP"],
  [14, "raw IP"],
  [101, "raw IP"],
  [104, "Cisco HDLC"],
  [108, "OpenBSD loopback"],
  [113, "Linux cooked"],
  [228, "raw IPv4"],
  [229, "raw IPv6"],
  [276, "Linux cooked v2"],
]);

/** `Ethernet`, or `link type 147`. */
export const linkTypeName = (linkType: number): string => NAMES.get(linkType) ?? `link type ${linkType}`;
