import { usageError } from "../../errors.js";
import { allOf, anyOf, type FlowFilter, flowFilter, notOf, type Test } from "./filter.js";
import { type End, endpointTerm, hostTerm, netTerm, portTerm, protocolTerm, shown } from "./filter-terms.js";

const MAX_DEPTH = 100;
const ACCEPTED =
  "write host ADDRESS, port NUMBER, net ADDRESS/BITS (each also after src or dst), proto NAME, tcp, udp, quic or ADDRESS:PORT, " +
  "joined by and, or, not and parentheses";

/**
 * Reads a filter: `host 10.0.0.1 and not port 22`, `src net 10.0.0.0/8`, `proto memcached or 10.0.0.2:6379`. `not` binds closest,
 * then `and`, then `or`; two terms side by side are joined by `and`, so that `tcp port 80` is understood.
 * @throws NetlatError (exit 2) that names the word and what is accepted
 */
export function parseFilter(text: string): FlowFilter {
  const parser = new FilterParser(text);
  return parser.filter(text);
}

class FilterParser {
  readonly #words: readonly string[];
  #at = 0;
  #depth = 0;
  #needsProtocol = false;

  constructor(text: string) {
    this.#words = text.match(/&&|\|\||[()!]|[^\s()!&|]+|[&|]/g) ?? [];
  }

  filter(text: string): FlowFilter {
    if (this.#words.length === 0) throw usageError(`--filter "${shown(text)}": empty; ${ACCEPTED}`);
    const test = this.#any();
    const left = this.#words[this.#at];
    if (left !== undefined) throw usageError(`--filter: unexpected "${shown(left)}"; ${ACCEPTED}`);
    return flowFilter(text, this.#needsProtocol, test);
  }

  #any(): Test {
    const tests = [this.#all()];
    while (this.#take("or", "||")) tests.push(this.#all());
    return anyOf(tests);
  }

  #all(): Test {
    const tests = [this.#one()];
    while (this.#take("and", "&&") || this.#moreFollows()) tests.push(this.#one());
    return allOf(tests);
  }

  #one(): Test {
    let negated = false;
    while (this.#take("not", "!")) negated = !negated;
    const test = this.#take("(") ? this.#inParentheses() : this.#term();
    return negated ? notOf(test) : test;
  }

  #inParentheses(): Test {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw usageError(`--filter: more than ${MAX_DEPTH} parentheses inside each other`);
    const test = this.#any();
    if (!this.#take(")")) throw usageError(`--filter: a parenthesis is not closed; write ) ${this.#place()}`);
    this.#depth--;
    return test;
  }

  #term(): Test {
    const word = this.#next();
    const name = word.toLowerCase();
    if (name === "src" || name === "dst") return this.#endTerm(name, this.#next());
    if (name === "proto") return this.#protocol(this.#value(word));
    if (name === "tcp" || name === "udp" || name === "quic") return this.#protocol(name);
    return this.#endTerm("either", word);
  }

  #endTerm(end: End, word: string): Test {
    const name = word.toLowerCase();
    if (name === "host") return hostTerm(end, this.#value(word));
    if (name === "port") return portTerm(end, this.#value(word));
    if (name === "net") return netTerm(end, this.#value(word));
    const test = endpointTerm(end, word);
    if (test === null) throw usageError(`--filter: "${shown(word)}" is not understood; ${ACCEPTED}`);
    return test;
  }

  #protocol(name: string): Test {
    const { test, needsProtocol } = protocolTerm(name);
    this.#needsProtocol ||= needsProtocol;
    return test;
  }

  #value(of: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw usageError(`--filter: "${shown(of)}" lacks its value; ${ACCEPTED}`);
    return word;
  }

  #next(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw usageError(`--filter: a term is missing ${this.#place()}; ${ACCEPTED}`);
    return word;
  }

  #place(): string {
    const last = this.#words[this.#words.length - 1]!;
    return this.#at >= this.#words.length ? `after "${shown(last)}"` : `before "${shown(this.#words[this.#at]!)}"`;
  }

  #take(...spellings: readonly string[]): boolean {
    const word = this.#words[this.#at]?.toLowerCase();
    if (word === undefined || !spellings.includes(word)) return false;
    this.#at++;
    return true;
  }

  #moreFollows(): boolean {
    const word = this.#words[this.#at]?.toLowerCase();
    return word !== undefined && word !== "or" && word !== "||" && word !== ")";
  }
}
