import fc from "fast-check";
import { expect, it } from "vitest";
import { Slowest } from "../../src/probes/slowest.js";

it("keeps the slowest, slowest first, whatever the order they come in", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), fc.nat(5), (latencies, keep) => {
      const slowest = new Slowest(keep);
      latencies.forEach((latencyNs, request) => {
        if (slowest.wants(latencyNs)) slowest.add({ request, connection: 0, latencyNs, heldNs: 0, events: [] });
      });
      const kept = slowest.timelines.map((timeline) => timeline.latencyNs);
      expect(kept).toEqual([...latencies].sort((a, b) => b - a).slice(0, keep));
    }),
  );
});
