import { describe, expect, it } from "vitest";
import { effects, type MeanNsPerRound } from "../../src/probes/effects.js";
import { type Cell, cellsOf, type Factors } from "../../src/probes/experiment.js";
import { effectSchema } from "../../src/report/model.js";
import { random } from "../../src/stats/random.js";
import { ms } from "../../src/units/duration.js";

const usual: Factors = { nagle: ["on", "off"], split: ["none", "fields"], quickack: ["default"], cork: ["off"] };
const cells = cellsOf(usual);
const ROUNDS = 10;

/** A machine whose cells cost what `costMs` says, on top of drift and noise. */
function machine(
  all: readonly Cell[],
  costMs: (cell: Cell) => number,
  driftMs = 0,
  noiseMs = 0,
  seed = 1,
): MeanNsPerRound {
  const uniform = random(seed);
  const table = new Map(
    all.flatMap((cell) =>
      Array.from({ length: ROUNDS }, (_, round) => {
        const noise = (uniform() + uniform() + uniform() - 1.5) * 2 * noiseMs;
        return [`${cell.id} ${round}`, ms(costMs(cell) + driftMs * round + noise)] as const;
      }),
    ),
  );
  return (id, round) => table.get(`${id} ${round}`);
}

/** The case netlat was born from: only both together stall. */
const stall = (cell: Cell) => (cell.nagle === "on" && cell.split === "fields" ? 44 : 0.2);

describe("effects", () => {
  it("finds the main effects and the interaction of the stall, exactly where nothing disturbs", () => {
    const found = effects(cells, machine(cells, stall), ROUNDS);
    expect(
      found.map(({ kind, factors, from, to, ns, lowNs, highNs, rounds }) => ({
        kind,
        factors,
        from,
        to,
        ns,
        lowNs,
        highNs,
        rounds,
      })),
    ).toEqual([
      {
        kind: "main",
        factors: ["nagle"],
        from: "off",
        to: "on",
        ns: ms(21.9),
        lowNs: ms(21.9),
        highNs: ms(21.9),
        rounds: 10,
      },
      {
        kind: "main",
        factors: ["split"],
        from: "none",
        to: "fields",
        ns: ms(21.9),
        lowNs: ms(21.9),
        highNs: ms(21.9),
        rounds: 10,
      },
      {
        kind: "interaction",
        factors: ["nagle", "split"],
        from: "off,none",
        to: "on,fields",
        ns: ms(43.8),
        lowNs: ms(43.8),
        highNs: ms(43.8),
        rounds: 10,
      },
    ]);
    for (const effect of found) expect(effectSchema.safeParse(effect).success).toBe(true);
  });

  it("says it in sentences", () => {
    const [nagle, , both] = effects(cells, machine(cells, stall, 0, 0.2, 3), ROUNDS);
    expect(nagle?.says).toMatch(
      /^nagle on costs 2[12]\.\d ms more than off \(95 % CI 2[12]\.\d to 2[12]\.\d ms\), averaged over the other factors$/,
    );
    expect(both?.says).toMatch(
      /^nagle=on and split=fields together cost 4[34]\.\d ms more than the two alone add up to \(95 % CI 4[34]\.\d to 4[345]\.\d ms\)$/,
    );
  });

  it("covers the planted value in about 95 of 100 noisy experiments", () => {
    let main = 0;
    let interaction = 0;
    const trials = 300;
    for (let seed = 0; seed < trials; seed++) {
      const found = effects(cells, machine(cells, stall, 0.3, 1, seed), ROUNDS);
      const covers = (at: number, planted: number) =>
        (found[at]?.lowNs as number) <= ms(planted) && ms(planted) <= (found[at]?.highNs as number);
      if (covers(0, 21.9)) main++;
      if (covers(2, 43.8)) interaction++;
    }
    for (const covered of [main, interaction]) {
      expect(covered / trials).toBeGreaterThan(0.91);
      expect(covered / trials).toBeLessThan(0.99);
    }
  });

  it("cancels a drift a hundred times as large as the noise", () => {
    const steady = effects(cells, machine(cells, stall, 0, 0.1, 5), ROUNDS);
    const drifting = effects(cells, machine(cells, stall, 10, 0.1, 5), ROUNDS);
    expect(drifting).toEqual(steady);
  });

  it("turns the sentence for a behaviour that helps", () => {
    const quick = cellsOf({ ...usual, nagle: ["on"], split: ["fields"], quickack: ["default", "on"] });
    const found = effects(
      quick,
      machine(quick, (cell) => (cell.quickack === "on" ? 0.3 : 44), 0, 0.1),
      ROUNDS,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ from: "default", to: "on" });
    expect(found[0]?.ns).toBeLessThan(ms(-43));
    expect(found[0]?.says).toMatch(/^quickack on costs 43\.\d ms less than default \(95 % CI 43\.\d to 43\.\d ms\)$/);
  });

  it("admits that a difference may be none", () => {
    const found = effects(
      cells,
      machine(cells, () => 1, 0, 0.5, 11),
      ROUNDS,
    );
    const unclear = found.filter((effect) => (effect.lowNs as number) <= 0 && (effect.highNs as number) >= 0);
    expect(unclear.length).toBeGreaterThan(0);
    for (const effect of found) expect(effect.says.includes("may be none")).toBe(unclear.includes(effect));
  });

  it("compares every level, and all pairs of factors, each averaged over the rest", () => {
    const many = cellsOf({
      nagle: ["on", "off"],
      split: ["none", 3, "each"],
      quickack: ["default", "on"],
      cork: ["off"],
    });
    const cost = (cell: Cell) =>
      1 +
      (cell.nagle === "on" ? 2 : 0) +
      (cell.split === 3 ? 5 : cell.split === "each" ? 9 : 0) +
      (cell.quickack === "on" ? -1 : 0);
    const found = effects(many, machine(many, cost, 1), ROUNDS);
    const mains = found
      .filter((effect) => effect.kind === "main")
      .map((effect) => [effect.factors[0], effect.to, effect.ns / 1e6]);
    expect(mains).toEqual([
      ["nagle", "on", 2],
      ["split", "3", 5],
      ["split", "each", 9],
      ["quickack", "on", -1],
    ]);
    const pairs = found.filter((effect) => effect.kind === "interaction");
    expect(pairs.map((effect) => effect.to)).toEqual(["on,3", "on,each", "on,on", "3,on", "each,on"]);
    for (const pair of pairs) expect(Math.abs(pair.ns)).toBeLessThanOrEqual(1);
  });

  it("takes the first level given where the calm one is absent", () => {
    const three = cellsOf({ ...usual, nagle: ["off"], split: [3, "each"] });
    expect(
      effects(
        three,
        machine(three, (cell) => (cell.split === 3 ? 1 : 4)),
        ROUNDS,
      )[0],
    ).toMatchObject({ from: "3", to: "each", ns: ms(3) });
  });

  it("drops a round in which a cell has no mean, and is silent without any", () => {
    const whole = machine(cells, stall);
    const last = cells[3] as Cell;
    const gap: MeanNsPerRound = (id, round) => (id === last.id && round < 4 ? undefined : whole(id, round));
    expect(effects(cells, gap, ROUNDS).map((effect) => effect.rounds)).toEqual([6, 6, 6]);
    expect(effects(cells, () => undefined, ROUNDS)).toEqual([]);
    expect(effects(cells, whole, 0)).toEqual([]);
  });

  it("compares within the combinations that are there when a cell may not be used", () => {
    const used = cells.filter((cell) => !(cell.nagle === "off" && cell.split === "fields"));
    const found = effects(used, machine(cells, stall), ROUNDS);
    expect(found.map((effect) => [effect.factors, effect.ns])).toEqual([
      [["nagle"], 0],
      [["split"], ms(43.8)],
    ]);
  });

  it("has no bounds with one round", () => {
    const [nagle] = effects(cells, machine(cells, stall), 1);
    expect(nagle).toMatchObject({ ns: ms(21.9), lowNs: null, highNs: null, rounds: 1 });
    expect(nagle?.says).toMatch(/one round: no confidence interval/);
  });
});

describe("effects over QUIC", () => {
  const told = (all: readonly Cell[], costMs: (cell: Cell) => number) =>
    effects(all, machine(all, costMs), ROUNDS).map(({ factors, from, to, ns }) => [factors.join(), from, to, ns]);

  it("are against no 0-RTT, no ACK delay and HTTP/3", () => {
    const early = cellsOf({ split: ["none"], early: ["on", "off"] });
    expect(told(early, (cell) => (cell.early === "on" ? 40 : 80))).toEqual([["early-data", "off", "on", -40e6]]);
    const beside = [...cellsOf({ split: ["none"], http: ["h3"] }), ...cellsOf({ split: ["none"], http: ["h2"] })];
    expect(told(beside, (cell) => (cell.http === "h2" ? 3 : 1))).toEqual([["http", "h3", "h2", 2e6]]);
  });

  it("of HTTP/2 are not told against one of several cells of HTTP/3 that could be meant", () => {
    const h3 = cellsOf({ split: ["none"], http: ["h3"], early: ["on", "off"] });
    const all = [...h3, ...cellsOf({ split: ["none"], http: ["h2"] })];
    expect(told(all, (cell) => (cell.early === "on" ? 1 : 2))).toEqual([["early-data", "off", "on", -1e6]]);
  });
});
