import { describe, expect, it } from "vitest";
import { ms } from "../../../src/units/duration.js";
import { answering, CALM, GET_CUTS, kinds, latencies, listen, load, MISS, median, runOnce, spec } from "./net-lane.js";

/** Answers in order, the first request of each connection after `thinkMs`. */
const slowFirst = (thinkMs: number) =>
  answering((number, socket) => {
    if (number > 0) return undefined;
    setTimeout(() => socket.write(MISS.repeat(8)), thinkMs);
    return undefined;
  });

describe("Pipeline", () => {
  it("has several requests on one connection, answered in order", async () => {
    let most = 0;
    let open = 0;
    let connections = 0;
    const port = await listen((socket) => {
      connections++;
      socket.on("data", (chunk) => {
        open += chunk.filter((byte) => byte === 0x0a).length;
        most = Math.max(most, open);
        setTimeout(() => {
          if (open === 0) return;
          socket.write(MISS.repeat(open));
          open = 0;
        }, 5);
      });
    });
    const block = await runOnce(spec(port, { pipeline: 8 }), load(64, { warmup: 1 }));
    expect(kinds(block.measured)).toEqual(Array(64).fill("miss"));
    expect(connections).toBe(1);
    expect(most).toBe(8);
    expect(block.wholes).toBe(64);
  });

  it("shows the first request's delay on those behind it, as waiting for their turn", async () => {
    const port = await listen(slowFirst(60));
    const { measured } = await runOnce(spec(port, { pipeline: 8 }), load(8));
    expect(kinds(measured)).toEqual(Array(8).fill("miss"));
    expect(median(latencies(measured))).toBeGreaterThan(50e6);
    const behind = Array.from(measured.turnNs, (turnNs, at) => turnNs - (measured.wholeNs[at] as number));
    expect(behind.filter((ns) => ns > 50e6)).toHaveLength(7);
    expect(behind.filter(Number.isNaN)).toHaveLength(1);
  });

  it("writes each request in its pieces, one request after the other", async () => {
    const seen: string[] = [];
    const port = await listen((socket, before) => {
      socket.on("data", (chunk) => seen.push(chunk.toString()));
      answering()(socket, before);
    });
    const behaviour = { ...CALM, cuts: GET_CUTS };
    const block = await runOnce(spec(port, { pipeline: 4, behaviour }), load(40));
    expect(kinds(block.measured)).toEqual(Array(40).fill("miss"));
    expect(block.writes).toBe(120);
    expect(seen.join("")).toBe("get k\r\n".repeat(40));
  });

  it("asks what was behind once more on a new connection when the server closes after an answer", async () => {
    let connections = 0;
    const port = await listen((socket, before) => {
      connections++;
      answering((number) => {
        if (number < 4) return MISS;
        socket.end();
        return undefined;
      })(socket, before);
    });
    const block = await runOnce(spec(port, { pipeline: 4 }), load(24));
    expect(kinds(block.measured).filter((kind) => kind === "miss").length).toBeGreaterThanOrEqual(16);
    expect(connections).toBeGreaterThan(4);
    expect(block.wholes).toBeGreaterThan(24);
  });

  it("fails the one that timed out, and ends", async () => {
    const port = await listen((socket) => socket.resume());
    const block = await runOnce(spec(port, { pipeline: 4, timeoutNs: ms(60) }), load(8));
    expect(new Set(kinds(block.measured))).toEqual(new Set(["timeout"]));
  });

  it("fails all that wait when nobody listens", async () => {
    const port = await listen(() => {});
    const { measured } = await runOnce(spec(port === 1 ? 2 : 1, { pipeline: 4 }), load(4));
    expect(new Set(kinds(measured))).toEqual(new Set(["refused"]));
  });

  it("calls garbage malformed", async () => {
    const port = await listen(answering(() => "nonsense\r\n"));
    const { measured } = await runOnce(spec(port, { pipeline: 2 }), load(4));
    expect(kinds(measured)).toContain("malformed");
  });
});
