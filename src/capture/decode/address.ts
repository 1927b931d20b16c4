/** Addresses as four signed 32-bit words, IPv4 as ::ffff:a.b.c.d, and their text. */
export type AddressWords = readonly [number, number, number, number];

const MAPPED = 0xffff;

/** `10.0.0.1` for an IPv4-mapped address, else RFC 5952: lower case, no leading zeros, the first longest run of zeros as `::`. */
export function addressText(word0: number, word1: number, word2: number, word3: number): string {
  if (word0 === 0 && word1 === 0 && word2 === MAPPED) {
    return `${word3 >>> 24}.${(word3 >>> 16) & 0xff}.${(word3 >>> 8) & 0xff}.${word3 & 0xff}`;
  }
  const groups = [word0, word1, word2, word3].flatMap((word) => [word >>> 16, word & 0xffff]);
  const zeros = longestZeros(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return zeros.length < 2 ? text(0, 8) : `${text(0, zeros.at)}::${text(zeros.at + zeros.length, 8)}`;
}

function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let best = { at: 0, length: 0 };
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { at: index - length + 1, length };
  });
  return best;
}

/** Reads `10.0.0.1` or `2001:db8::1` (RFC 4291 2.2, without a zone); null: neither. */
export function parseAddress(text: string): AddressWords | null {
  if (!text.includes(":")) {
    const word = dottedWord(text);
    return word === null ? null : [0, 0, MAPPED, word];
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1]!, true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (at: number) => (groups[at]! << 16) | groups[at + 1]!;
  return [word(0), word(2), word(4), word(6)];
}

/** 16-bit groups between colons; the last may be a dotted IPv4 address, two groups, where the text ends. */
function groupsOf(text: string, atEnd: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const word = atEnd && index === parts.length - 1 ? dottedWord(part) : null;
    if (word === null) return null;
    groups.push(word >>> 16, word & 0xffff);
  }
  return groups;
}

function dottedWord(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1).map(Number);
  if (octets.some((octet) => octet > 255)) return null;
  return octets.reduce((word, octet) => (word << 8) | octet, 0);
}
