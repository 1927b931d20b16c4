import type { CaptureProtocol } from "../flows/flow-events.js";

/**
 * What a filter sees of a flow. `a` is what `src` means, `b` is `dst`: whoever makes the key lets `a` be the end that opened
 * the connection where that is known, else the sender of its first packet. Address words as in Packet.
 */
export interface FlowKey {
  readonly transport: "tcp" | "udp";
  readonly version: 4 | 6;
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  readonly aPort: number;
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly b3: number;
  readonly bPort: number;
}

/** Yes, no, or null: the flow's protocol decides, and it is not known yet. */
type Verdict = boolean | null;

/** One term of a filter, or several put together. */
export type Test = (key: FlowKey, protocol: CaptureProtocol | null) => Verdict;

/** Which flows are wanted; asked once per flow, not per packet. */
export interface FlowFilter {
  readonly text: string;
  /** The protocol of a flow can decide, so that `admits` alone does not. */
  readonly needsProtocol: boolean;
  /** When the flow's first packet is seen. False: not wanted, whatever its protocol. */
  admits(key: FlowKey): boolean;
  /** When the flow's protocol is known (`unknown`, too, is an answer). */
  matches(key: FlowKey, protocol: CaptureProtocol): boolean;
}

export function flowFilter(text: string, needsProtocol: boolean, test: Test): FlowFilter {
  return {
    text,
    needsProtocol,
    admits: (key) => test(key, null) !== false,
    matches: (key, protocol) => test(key, protocol) === true,
  };
}

export function allOf(tests: readonly Test[]): Test {
  return combined(tests, false);
}

export function anyOf(tests: readonly Test[]): Test {
  return combined(tests, true);
}

export function notOf(test: Test): Test {
  return (key, protocol) => {
    const verdict = test(key, protocol);
    return verdict === null ? null : !verdict;
  };
}

/** Kleene's logic: one `decisive` verdict decides; without one, what is open stays open. */
function combined(tests: readonly Test[], decisive: boolean): Test {
  if (tests.length === 1) return tests[0]!;
  return (key, protocol) => {
    let verdict: Verdict = !decisive;
    for (const test of tests) {
      const one = test(key, protocol);
      if (one === decisive) return decisive;
      if (one === null) verdict = null;
    }
    return verdict;
  };
}
