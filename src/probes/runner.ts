/** Runs the experiment: opens a lane per cell, gives the cells their blocks in shuffled rounds, collects, tells progress, stops. */
import type { LatencyHistogram } from "../stats/histogram.js";
import { CellCollector } from "./collect.js";
import { planRounds } from "./experiment.js";
import { laneSpec, type PlannedCell, type ProbePlan } from "./plan.js";
import type { Lane, ProbeEngine } from "./probe.js";

export interface ProbeProgress {
  readonly cell: string;
  /** Done of the whole experiment, 0 to 1. */
  readonly fraction: number;
  /** Of this cell so far; null before its first block has ended. */
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  readonly etaSeconds: number | null;
}

export interface CellRun {
  readonly planned: PlannedCell;
  readonly collected: CellCollector;
}

export interface ProbeRun {
  readonly cells: readonly CellRun[];
  readonly roundsStarted: number;
  readonly interrupted: boolean;
  readonly durationNs: number;
}

/**
 * @param now a monotonic clock, nanoseconds
 * @param onProgress at most some ten times a second
 */
export async function runProbe(
  plan: ProbePlan,
  engine: ProbeEngine,
  now: () => number,
  signal: AbortSignal,
  onProgress: (progress: ProbeProgress) => void,
): Promise<ProbeRun> {
  const startNs = now();
  const cells = plan.cells.map((planned) => ({ planned, collected: newCollector(plan) }));
  const byCell = new Map(cells.map((run) => [run.planned.cell.id, run]));
  const lanes = new Map<string, Lane>();
  const silent = new Set<string>();
  const order = planRounds(
    plan.cells.map(({ cell }) => cell),
    plan.rounds.length,
    plan.seed,
  );
  const planned = plan.rounds.reduce((sum, requests) => sum + requests, 0);
  const clock = new ProgressClock(plan, now);
  let roundsStarted = 0;
  try {
    for (const [round, cellsInOrder] of order.entries()) {
      for (const [turn, cell] of cellsInOrder.entries()) {
        const run = byCell.get(cell.id) as CellRun;
        if (signal.aborted || silent.has(cell.id)) continue;
        roundsStarted = round + 1;
        const lane = lanes.get(cell.id) ?? (await engine.open(laneSpec(plan, run.planned)));
        lanes.set(cell.id, lane);
        const load = {
          warmup: round === 0 ? plan.warmup : 0,
          requests: plan.rounds[round] as number,
          durationNs: plan.roundNs,
          pacing: plan.pacing,
          seed: plan.seed + round * cells.length + turn + 1,
        };
        clock.begin(cell.id);
        const block = await lane.run(load, signal, (done) => onProgress(clock.progress(run, done / load.requests)));
        run.collected.add(round, block);
        clock.end();
        if (isUnreachable(cells)) return finish(cells, roundsStarted, signal, now() - startNs);
        if (!signal.aborted && run.collected.gaveUp(planned)) silent.add(cell.id);
        onProgress(clock.progress(run, 0));
      }
    }
  } finally {
    for (const lane of lanes.values()) await lane.close();
  }
  return finish(cells, roundsStarted, signal, now() - startNs);
}

function finish(cells: readonly CellRun[], roundsStarted: number, signal: AbortSignal, durationNs: number): ProbeRun {
  return { cells, roundsStarted, interrupted: signal.aborted, durationNs };
}

function newCollector(plan: ProbePlan): CellCollector {
  return new CellCollector({ keepSlowest: plan.keepSlowest, openLoop: plan.pacing.kind === "open", reuse: plan.reuse });
}

/** Not one connection was made: no other behaviour of ours will change that. */
function isUnreachable(cells: readonly CellRun[]): boolean {
  return cells.every(({ collected }) => collected.opened === 0);
}

/** How far the experiment is and how long it still takes, from how long each cell's blocks took so far. */
class ProgressClock {
  readonly #blocks: number;
  readonly #now: () => number;
  readonly #perCell = new Map<string, { blocks: number; ns: number }>();
  readonly #rounds: number;
  readonly #cells: readonly string[];
  #done = 0;
  #current = "";
  #beganNs = 0;

  constructor(plan: ProbePlan, now: () => number) {
    this.#now = now;
    this.#rounds = plan.rounds.length;
    this.#cells = plan.cells.map(({ cell }) => cell.id);
    this.#blocks = this.#rounds * this.#cells.length;
  }

  begin(cell: string): void {
    this.#current = cell;
    this.#beganNs = this.#now();
  }

  end(): void {
    const seen = this.#perCell.get(this.#current) ?? { blocks: 0, ns: 0 };
    this.#perCell.set(this.#current, { blocks: seen.blocks + 1, ns: seen.ns + this.#now() - this.#beganNs });
    this.#done++;
  }

  progress(run: CellRun, blockFraction: number): ProbeProgress {
    const { latency } = run.collected;
    const part = Number.isFinite(blockFraction) ? Math.min(1, blockFraction) : 0;
    return {
      cell: run.planned.cell.id,
      fraction: Math.min(1, (this.#done + part) / this.#blocks),
      p50Ns: quantileOrNull(latency, 0.5),
      p99Ns: quantileOrNull(latency, 0.99),
      etaSeconds: this.#etaSeconds(),
    };
  }

  #etaSeconds(): number | null {
    if (this.#perCell.size === 0) return null;
    const seen = [...this.#perCell.values()];
    const typicalNs = seen.reduce((sum, { blocks, ns }) => sum + ns / blocks, 0) / seen.length;
    const leftNs = this.#cells.reduce((sum, cell) => {
      const own = this.#perCell.get(cell);
      return sum + (this.#rounds - (own?.blocks ?? 0)) * (own === undefined ? typicalNs : own.ns / own.blocks);
    }, 0);
    return Math.max(0, leftNs / 1e9);
  }
}

const quantileOrNull = (h: LatencyHistogram, p: number): number | null => (h.count === 0 ? null : h.quantile(p));
