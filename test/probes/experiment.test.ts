import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellName, cellsOf, type Factors, planRounds, roundsFor } from "../../src/probes/experiment.js";
import { parseAckDelays } from "../../src/probes/quic-levels.js";

const usual: Factors = { nagle: ["on", "off"], split: ["none", "fields"], quickack: ["default"], cork: ["off"] };

describe("cellName", () => {
  it("says the factors that vary, and all of them of the only cell", () => {
    const cells = cellsOf(usual);
    expect(cells.map((cell) => cellName(cell, cells))).toEqual([
      "nagle=on split=none",
      "nagle=on split=fields",
      "nagle=off split=none",
      "nagle=off split=fields",
    ]);
    expect(cells.slice(0, 1).map((cell) => cellName(cell, [cell]))).toEqual(["nagle=on split=none quickack=default"]);
  });
});

describe("cellName side by side", () => {
  it("does not take a factor that only some cells have for one that varies", () => {
    const beside = [
      ...cellsOf({ split: ["none"], http: ["h3"], early: ["on"] }),
      ...cellsOf({ split: ["none"], http: ["h2"] }),
    ];
    expect(beside.map((cell) => cellName(cell, beside))).toEqual(["http=h3", "http=h2"]);
  });
});

describe("cellsOf", () => {
  it("is the full factorial with the ids of the report's contract", () => {
    expect(cellsOf(usual).map((cell) => cell.id)).toEqual([
      "nagle=on,split=none,quickack=default",
      "nagle=on,split=fields,quickack=default",
      "nagle=off,split=none,quickack=default",
      "nagle=off,split=fields,quickack=default",
    ]);
  });

  it("keeps a number of pieces a number, and joins offsets without a comma", () => {
    const [three, offsets] = cellsOf({ ...usual, nagle: ["on"], split: [3, [4, 10]] });
    expect(three).toMatchObject({
      id: "nagle=on,split=3,quickack=default",
      factors: { nagle: "on", split: 3, quickack: "default" },
    });
    expect(offsets).toMatchObject({
      id: "nagle=on,split=4+10,quickack=default",
      factors: { split: "4+10" },
      split: [4, 10],
    });
  });

  it("names cork only where it is varied or on", () => {
    const ids = (cork: NonNullable<Factors["cork"]>) =>
      cellsOf({ ...usual, nagle: ["on"], split: ["none"], cork }).map((cell) => cell.id);
    expect(ids(["off"])).toEqual(["nagle=on,split=none,quickack=default"]);
    expect(ids(["on"])).toEqual(["nagle=on,split=none,quickack=default,cork=on"]);
    expect(ids(["on", "off"])).toEqual([
      "nagle=on,split=none,quickack=default,cork=on",
      "nagle=on,split=none,quickack=default,cork=off",
    ]);
  });

  it("names what is not of every experiment only where it is given, connections before streams", () => {
    const cells = cellsOf({ ...usual, nagle: ["off"], split: ["none"], streams: [1, 10], connections: [1, 4] });
    expect(cells.map((cell) => cell.id)).toEqual([
      "nagle=off,split=none,quickack=default,connections=1,streams=1",
      "nagle=off,split=none,quickack=default,connections=1,streams=10",
      "nagle=off,split=none,quickack=default,connections=4,streams=1",
      "nagle=off,split=none,quickack=default,connections=4,streams=10",
    ]);
    expect(cells[3]).toMatchObject({ connections: 4, streams: 10, factors: { connections: 4, streams: 10 } });
  });

  it("has each combination once", () => {
    const cells = cellsOf({
      nagle: ["on", "off"],
      split: ["none", 2, "each"],
      quickack: ["default", "on", "off"],
      cork: ["on", "off"],
    });
    expect(new Set(cells.map((cell) => cell.id)).size).toBe(36);
  });
});

describe("roundsFor", () => {
  it.each([
    [1000, Array(10).fill(100)],
    [200, Array(10).fill(20)],
    [50, Array(10).fill(5)],
    [23, [6, 6, 6, 5]],
    [9, [9]],
    [3, [3]],
    [1, [1]],
  ])("shares out %i requests", (requests, blocks) => {
    expect(roundsFor(requests)).toEqual(blocks);
  });

  it.each([
    [100, 100, [100]],
    [1000, 100, Array(10).fill(100)],
    [250, 100, [125, 125]],
    [50, 100, [50]],
  ])("%i requests of which %i are to be there at once: no block has fewer", (requests, atOnce, blocks) => {
    expect(roundsFor(requests, undefined, atOnce)).toEqual(blocks);
  });

  it("adds up exactly, in blocks of nearly equal size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (requests) => {
        const blocks = roundsFor(requests);
        expect(blocks.reduce((sum, block) => sum + block, 0)).toBe(requests);
        expect(Math.max(...blocks) - Math.min(...blocks)).toBeLessThanOrEqual(1);
        if (requests >= 5) expect(Math.min(...blocks)).toBeGreaterThanOrEqual(5);
      }),
    );
  });

  it("leaves the blocks unbounded where only time bounds the run", () => {
    expect(roundsFor(Number.POSITIVE_INFINITY)).toEqual(Array(10).fill(Number.POSITIVE_INFINITY));
  });
});

describe("cells over QUIC", () => {
  it("have no level of what only TCP has, and ACK delays as they were typed", () => {
    const ackDelay = parseAckDelays("0,25ms/50ms", "--ack-delay");
    const cells = cellsOf({ split: ["none"], streams: [10], early: ["on"], ackDelay, migrate: ["on"] });
    expect(cells.map((cell) => cell.id)).toEqual([
      "split=none,streams=10,early-data=on,ack-delay=0,migrate=on",
      "split=none,streams=10,early-data=on,ack-delay=25ms/50ms,migrate=on",
    ]);
    expect(cells[1]?.ackDelay).toMatchObject({ advertisedNs: 25e6, realNs: 50e6 });
    expect(cellsOf({ split: ["none"] }).map((cell) => cell.id)).toEqual(["split=none"]);
  });

  it("stand beside others under what carries them", () => {
    expect(cellsOf({ split: [3], http: ["h3"], connections: [1, 2] }).map((cell) => cell.id)).toEqual([
      "http=h3,split=3,connections=1",
      "http=h3,split=3,connections=2",
    ]);
  });
});

describe("planRounds", () => {
  const cells = cellsOf(usual);

  it("has every cell once in each round, in an order that the seed decides", () => {
    const plan = planRounds(cells, 10, 42);
    expect(plan).toHaveLength(10);
    for (const round of plan) expect(new Set(round)).toEqual(new Set(cells));
    expect(planRounds(cells, 10, 42)).toEqual(plan);
    expect(planRounds(cells, 10, 43)).not.toEqual(plan);
  });

  it("gives each cell each place about equally often", () => {
    const firsts = planRounds(cells, 4000, 1).map((round) => round[0]?.id);
    for (const cell of cells) {
      const share = firsts.filter((id) => id === cell.id).length / firsts.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });
});
