/**
 * Huffman coding of strings (RFC 7541 section 5.2). Hot: every literal of every header block passes here. The decoder is an
 * automaton that takes four bits a step: its states are the inner nodes of the code's tree, and as the shortest code has five
 * bits, a step ends at most one symbol. The table has 256 x 16 entries (16 KiB), small enough to stay in the nearest cache.
 */
import type { ByteSink } from "./byte-sink.js";
import { CODE_BITS, CODES, EOS } from "./huffman-code.js";

/** Of an entry: the next state in bits 0 to 7, the symbol in bits 8 to 15, and these. */
const ENDS_SYMBOL = 1 << 16;
const INVALID = 1 << 17;

interface Automaton {
  readonly steps: Int32Array;
  /** States in which a string may end: at most seven bits since the last symbol, all ones (section 5.2). */
  readonly mayEnd: Uint8Array;
}

const { steps, mayEnd } = buildAutomaton();

/**
 * Decodes `bytes[start, end)` into `into`, which has room for 8/5 of it.
 * @returns how many octets came out; -1: a code with EOS in it, or padding that is too long or not all ones
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    let step = steps[(state << 4) | (byte >> 4)]!;
    if ((step & ENDS_SYMBOL) !== 0) into[length++] = step >> 8;
    let seen = step;
    step = steps[((step & 0xff) << 4) | (byte & 15)]!;
    if ((step & ENDS_SYMBOL) !== 0) into[length++] = step >> 8;
    seen |= step;
    if ((seen & INVALID) !== 0) return -1;
    state = step & 0xff;
  }
  return mayEnd[state] === 1 ? length : -1;
}

/** The most octets that `count` bytes of Huffman code can stand for. */
export const huffmanRoom = (count: number): number => Math.ceil((count * 8) / 5);

/** @returns how many bytes the text takes Huffman coded */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += CODE_BITS[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >> 3;
}

/** Appends the text Huffman coded, padded with ones. @param bytes its `huffmanBytes` */
export function huffmanEncode(text: string, bytes: number, sink: ByteSink): void {
  let at = sink.reserve(bytes);
  const out = sink.bytes;
  // At most 7 bits wait while at most 30 come: multiplication, because shifts end at 32 bits.
  let waiting = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const width = CODE_BITS[symbol]!;
    waiting = waiting * 2 ** width + CODES[symbol]!;
    bits += width;
    while (bits >= 8) {
      bits -= 8;
      const unit = 2 ** bits;
      const byte = Math.floor(waiting / unit);
      out[at++] = byte;
      waiting -= byte * unit;
    }
  }
  if (bits > 0) out[at] = (waiting << (8 - bits)) | (0xff >> bits);
}

function buildAutomaton(): Automaton {
  const tree = buildTree();
  const inner = tree.filter((node) => node.symbol === undefined);
  const stateOf = new Map(inner.map((node, state) => [node, state]));
  const automaton = { steps: new Int32Array(inner.length * 16), mayEnd: new Uint8Array(inner.length) };
  inner.forEach((node, state) => {
    automaton.mayEnd[state] = node.depth <= 7 && node.allOnes ? 1 : 0;
    for (let nibble = 0; nibble < 16; nibble++)
      automaton.steps[state * 16 + nibble] = walk(tree, stateOf, node, nibble);
  });
  return automaton;
}

interface Node {
  readonly depth: number;
  readonly allOnes: boolean;
  symbol?: number;
  readonly next: [Node | undefined, Node | undefined];
}

function buildTree(): Node[] {
  const nodes: Node[] = [{ depth: 0, allOnes: true, next: [undefined, undefined] }];
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = nodes[0]!;
    for (let bit = CODE_BITS[symbol]! - 1; bit >= 0; bit--) {
      const way = (CODES[symbol]! >>> bit) & 1;
      let next = node.next[way];
      if (next === undefined) {
        next = { depth: node.depth + 1, allOnes: node.allOnes && way === 1, next: [undefined, undefined] };
        node.next[way] = next;
        nodes.push(next);
      }
      node = next;
    }
    node.symbol = symbol;
  }
  return nodes;
}

function walk(tree: readonly Node[], stateOf: ReadonlyMap<Node, number>, from: Node, nibble: number): number {
  let node = from;
  let step = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = node.next[(nibble >> bit) & 1]!;
    if (node.symbol === EOS) return INVALID;
    if (node.symbol === undefined) continue;
    step = ENDS_SYMBOL | (node.symbol << 8);
    node = tree[0]!;
  }
  return step | stateOf.get(node)!;
}
