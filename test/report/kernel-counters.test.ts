import { expect, it } from "vitest";
import type { KernelFacts } from "../../src/probes/probe.js";
import { together } from "../../src/report/kernel-counters.js";
import { us } from "../../src/units/duration.js";

const facts = (changes: Partial<KernelFacts>): KernelFacts => ({
  minRttNs: us(30),
  handshakeRttNs: null,
  retransmits: 0,
  dataSegmentsOut: 10,
  dataSegmentsIn: 5,
  mss: 1448,
  ...changes,
});

it("adds counters up and takes the smallest RTT", () => {
  const both = together([facts({ retransmits: 2 }), facts({ minRttNs: us(20), handshakeRttNs: us(40), mss: 536 })]);
  expect(both).toEqual({
    minRttNs: us(20),
    handshakeRttNs: us(40),
    retransmits: 2,
    dataSegmentsOut: 20,
    dataSegmentsIn: 10,
    mss: 536,
  });
});

it("does not know a sum of which a part was not seen", () => {
  expect(together([facts({}), facts({ dataSegmentsOut: null })])).toMatchObject({
    dataSegmentsOut: null,
    dataSegmentsIn: 10,
  });
  expect(together([facts({}), null])).toMatchObject({ dataSegmentsOut: null, retransmits: null, minRttNs: us(30) });
  expect(together([null, null])).toBeNull();
});
