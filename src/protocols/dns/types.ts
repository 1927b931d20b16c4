/** Numbers of the DNS by their names (IANA, "Domain Name System Parameters"). */

/** Types that are asked for by name; any other is written TYPE65280 (RFC 3597 section 5). */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DS: 43,
  DNSKEY: 48,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
  CAA: 257,
} as const;

export const CLASS_IN = 1;

const MOST = 0xffff;

/** @returns undefined: no type has this name */
export function typeNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  if (Object.hasOwn(TYPES, upper)) return TYPES[upper as keyof typeof TYPES];
  const number = /^TYPE\d{1,5}$/.test(upper) ? Number(upper.slice("TYPE".length)) : MOST + 1;
  return number <= MOST ? number : undefined;
}

export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

const RCODE_NAMES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"];

export const rcodeName = (rcode: number): string => RCODE_NAMES[rcode] ?? `RCODE${rcode}`;
