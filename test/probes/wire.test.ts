import { describe, expect, test } from "vitest";
import { judgeWire, type WireFacts } from "../../src/probes/wire.js";

const split: WireFacts = {
  pieces: 3,
  nagle: false,
  cork: false,
  pipeline: 1,
  transport: "tcp",
  writes: 300,
  segments: 300,
  wholes: 100,
  answered: 100,
};

describe("the split on the wire", () => {
  test("three writes in three segments are as asked", () => {
    expect(judgeWire(split)).toMatchObject({ used: true, wire: { split: "as-asked", writes: 300, segments: 300 } });
  });

  test("with Nagle's algorithm three writes travel in two segments, and that is as asked", () => {
    expect(judgeWire({ ...split, nagle: true, segments: 200 })).toMatchObject({
      used: true,
      wire: { split: "as-asked" },
    });
  });

  test("pipelined requests are joined by Nagle's algorithm, by autocorking too, and the split still happened", () => {
    const joined = judgeWire({ ...split, pipeline: 8, nagle: true, segments: 30 });
    expect(joined).toMatchObject({ used: true, wire: { split: "as-asked" } });
    expect(joined.wire?.says).toContain("of several requests too");
    expect(judgeWire({ ...split, pipeline: 8, segments: 270 })).toMatchObject({ used: true });
  });

  test("writes that were merged before the system call are a lie: the cell is not used", () => {
    const judged = judgeWire({ ...split, writes: 100, segments: 100 });
    expect(judged).toMatchObject({ used: false, wire: { split: "merged" } });
    expect(judged.wire?.says).toContain("3 pieces were asked for");
  });

  test("writes that the kernel joined although Nagle's algorithm is off: not used", () => {
    expect(judgeWire({ ...split, segments: 100 })).toMatchObject({ used: false, wire: { split: "merged" } });
  });

  test("with Nagle's algorithm, one segment per request means that nothing was split", () => {
    expect(judgeWire({ ...split, nagle: true, segments: 100 })).toMatchObject({ used: false });
  });

  test("cork joins the pieces on purpose", () => {
    expect(judgeWire({ ...split, cork: true, segments: 100 })).toMatchObject({
      used: true,
      wire: { split: "as-asked" },
    });
  });

  test("segments that cannot be seen are said to be unseen", () => {
    const judged = judgeWire({ ...split, segments: null });
    expect(judged).toMatchObject({ used: true, wire: { split: "not-seen", segments: null } });
  });

  test("no answer, no judgement", () => {
    expect(judgeWire({ ...split, answered: 0 })).toMatchObject({ used: false });
  });

  test("Nagle's algorithm is said to join pieces only where segments are fewer than writes", () => {
    const says = (segments: number) => judgeWire({ ...split, nagle: true, segments }).wire?.says;
    expect(says(200)).toContain("joins later pieces");
    expect(says(300)).toBe("3.00 writes per request in 3.00 segments");
  });

  test("requests that failed after they were written, and those asked again, are counted with their writes", () => {
    const judged = judgeWire({ ...split, answered: 40 });
    expect(judged).toMatchObject({ used: true, wire: { split: "as-asked" } });
    expect(judged.wire?.says).toContain("3.00 writes per request in 3.00 segments");
  });

  test("over QUIC pieces are datagrams", () => {
    const quic: WireFacts = { ...split, transport: "quic", segments: null };
    expect(judgeWire(quic)).toMatchObject({
      used: true,
      wire: { split: "as-asked", says: "3.00 datagrams per request" },
    });
    const merged = judgeWire({ ...quic, writes: 100 });
    expect(merged).toMatchObject({ used: false, wire: { split: "merged" } });
    expect(merged.wire?.says).toContain("only 1.00 datagrams per request");
  });

  test("small requests of several streams may share a datagram where nobody asked for a split", () => {
    const shared: WireFacts = { ...split, transport: "quic", segments: null, pieces: 1, writes: 30 };
    expect(judgeWire(shared)).toMatchObject({ used: true, wire: { says: "0.3 datagrams per request" } });
  });
});
