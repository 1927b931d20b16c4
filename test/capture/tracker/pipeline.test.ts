import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CapturePipeline, type PipelineOptions } from "../../../src/capture/pipeline.js";
import { createReader } from "../../../src/capture/readers/formats.js";
import { ethernet, ipv4, udp } from "../build-packet.js";
import { Conversation } from "../conversation.js";
import { Seen } from "./observe.js";
import { MS } from "./scripts.js";

const OPTIONS: PipelineOptions = {
  maxFlows: 100,
  idleNs: 600e9,
  fromNs: -Infinity,
  toNs: Infinity,
  accepts: undefined,
};
const STALLS = readFileSync(new URL("../../../fixtures/captures/wwr_nagle_veth.client.pcap", import.meta.url));

function through(chunkBytes: number, options: Partial<PipelineOptions> = {}) {
  const seen = new Seen();
  const pipeline = new CapturePipeline(seen, { ...OPTIONS, ...options });
  const reader = createReader(pipeline.sink);
  // One buffer for all chunks, as a file is read: whoever looks at a packet too late finds other bytes.
  const chunk = new Uint8Array(chunkBytes);
  for (let at = 0; at < STALLS.length; at += chunkBytes) {
    const length = STALLS.copy(chunk, 0, at, at + chunkBytes);
    reader.push(chunk.subarray(0, length));
    pipeline.flush();
  }
  reader.end();
  pipeline.finish();
  return { seen, pipeline };
}

describe("the pipeline", () => {
  const whole = through(STALLS.length);

  it.each([7, 100, 1000, 4096])("tells the same from chunks of %i bytes", (chunkBytes) => {
    const { seen, pipeline } = through(chunkBytes);
    expect(pipeline.tcpPackets).toBe(whole.pipeline.tcpPackets);
    expect(seen.stalled).toHaveLength(99);
    expect(seen.exchanges.map(({ startNs, packets }) => [startNs, packets])).toEqual(
      whole.seen.exchanges.map(({ startNs, packets }) => [startNs, packets]),
    );
  });

  it("leaves out what is not accepted, or outside of the span, and counts it", () => {
    const { tcpPackets } = whole.pipeline;
    const none = through(4096, { accepts: () => false }).pipeline;
    expect([none.tcpPackets, none.filtered]).toEqual([0, tcpPackets]);
    const first = through(4096, { toNs: 1000 * MS }).pipeline;
    expect(first.tcpPackets).toBeGreaterThan(10);
    expect(first.tcpPackets + first.filtered).toBe(tcpPackets);
  });

  it("reads a packet that came in two chunks before its buffer serves another", () => {
    const seen = new Seen();
    const pipeline = new CapturePipeline(seen, OPTIONS);
    const script = new Conversation({ server: { port: 7777 } });
    script.send("client", "get key\r\n");
    script.wait(1 * MS).send("server", 10);
    const carry = new Uint8Array(2000);
    for (const record of script.records()) {
      carry.set(record.bytes);
      pipeline.sink(Object.assign(record, { bytes: carry }));
      carry.fill(0);
      pipeline.flush();
    }
    pipeline.finish();
    expect(seen.flows.map(({ protocol }) => protocol)).toEqual(["memcached"]);
  });

  it("counts what is no TCP segment, by reason", () => {
    const pipeline = new CapturePipeline(new Seen(), OPTIONS);
    const [record] = new Conversation().handshake().records();
    if (record === undefined) throw new Error("no record");
    const frame = ethernet(ipv4(udp({ payload: 10 }), { protocol: 17 }));
    pipeline.sink(Object.assign(record, { bytes: frame, capturedLength: frame.length, originalLength: frame.length }));
    pipeline.sink(Object.assign(record, { linkType: 147 }));
    pipeline.finish();
    expect(pipeline.skipped()).toEqual({ udp: 1, "unknown-link-type": 1 });
  });
});
