/** `netlat probe --ab A B`: two endpoints in one run, in turns, and what B does differently from A. */
import { compareRuns, type RunPair } from "../compare/compare-runs.js";
import { mergeDetectors } from "../compare/merge-findings.js";
import { unlikeness, withoutLate } from "../compare/report-part.js";
import { comparisonWords } from "../compare/words.js";
import { EXIT, NetlatError, usageError } from "../errors.js";
import { nowNs } from "../probes/clock.js";
import { conclude } from "../probes/conclude.js";
import { type ChosenEngine, widest } from "../probes/engines.js";
import { roundsFor } from "../probes/experiment.js";
import type { PlannedCell, ProbePlan } from "../probes/plan.js";
import type { ProbeEngine } from "../probes/probe.js";
import { resolveHost } from "../probes/resolve.js";
import { type ProbeRun, runProbe } from "../probes/runner.js";
import { reportBase } from "../report/base.js";
import type { Report, Run } from "../report/model.js";
import { ms } from "../units/duration.js";
import { questionOf } from "./comparison-options.js";
import { PLAIN } from "./probe-cells.js";
import type { ProbeOptions } from "./probe-options.js";
import { type Prepared, planOf, prepare, requireCapabilities, showProgress, sourceOf } from "./probe-run.js";
import { atOnce } from "./probe-together.js";
import type { Ui } from "./ui.js";

/**
 * More than in other experiments: the rounds are what is tested. On a machine busy with other work, which disturbs some rounds, 50
 * rounds found a planted tenth 22 times of 22 where 20 rounds of the same 2000 requests found it 19 times.
 */
const ROUNDS = 50;
const LEAST_ROUND_NS = ms(100);
const NAMES = ["A", "B"] as const;

/** One of the two endpoints, with its own plan: the same rounds, its own cells. */
interface Side {
  readonly name: (typeof NAMES)[number];
  readonly prepared: Prepared;
  readonly plan: ProbePlan;
  readonly dnsNs: number | null;
}

/**
 * @throws NetlatError: exit 2 when the two cannot be measured alike, exit 4 when one of them is not there
 */
export async function measureAb(endpoints: readonly [string, string], options: ProbeOptions, ui: Ui): Promise<Report> {
  const prepared: Prepared[] = [];
  try {
    for (const endpoint of endpoints) prepared.push(await prepare(endpoint, options, PLAIN));
    const chosen = engineFor(prepared, options);
    const engine = await chosen.start();
    try {
      return await measureBoth(
        prepared.map((one) => ({ ...one, engine: chosen })),
        engine,
        options,
        ui,
      );
    } finally {
      await engine.close();
    }
  } finally {
    for (const one of prepared) await one.end();
  }
}

/** One engine for both: what differs between two would be part of the difference. @throws NetlatError (exit 2) */
function engineFor(prepared: readonly Prepared[], options: ProbeOptions): ChosenEngine {
  const engines = prepared.map(({ engine }) => engine);
  const most = widest(engines);
  // Beside QUIC, TCP runs on the net engine, which shares its event loop.
  const same = most.carries === "quic" && options.engine === "auto";
  const other = engines.find(({ name }) => name !== most.name);
  if (other === undefined || same) return most;
  const [a, b] = prepared as [Prepared, Prepared];
  throw usageError(
    `--ab: ${a.endpoint} would be measured by the ${a.engine.name} engine and ${b.endpoint} by the ${b.engine.name} engine, which would be part of the difference; give --engine net`,
  );
}

async function measureBoth(
  prepared: readonly Prepared[],
  engine: ProbeEngine,
  options: ProbeOptions,
  ui: Ui,
): Promise<Report> {
  const startedAt = new Date();
  const { signal } = ui.interrupt;
  const sides: Side[] = [];
  for (const [at, one] of prepared.entries()) sides.push(await sideOf(NAMES[at] as "A" | "B", one, engine, options));
  const whole = wholePlan(sides);
  const run = await runProbe(whole, engine, nowNs, signal, (progress) => showProgress(progress, whole, ui));
  ui.progress.clear();
  for (const side of sides) refuseIfAbsent(side, run);
  const base = reportBase(startedAt, ui.environment(), ui.version);
  const reports = sides.map(({ name, prepared: own, plan, dnsNs }) => ({
    file: name,
    report: conclude({
      plan,
      run: { ...run, cells: run.cells.filter(({ planned }) => plan.cells.includes(planned)) },
      source: sourceOf(own, options, plan, engine),
      dnsNs,
      slowServerNs: options.slowServer,
      base,
    }),
  })) as [Concluded, Concluded];
  return joined(reports, options);
}

/** Both in one: what HTTP/2 and QUIC are told, whichever of the two speaks them. */
function wholePlan(sides: readonly Side[]): ProbePlan {
  const plans = sides.map(({ plan }) => plan) as [ProbePlan, ProbePlan];
  return {
    ...plans[0],
    h2: plans[0].h2 ?? plans[1].h2,
    quic: plans[0].quic ?? plans[1].quic,
    cells: plans.flatMap(({ cells }) => cells),
  };
}

async function sideOf(name: "A" | "B", prepared: Prepared, engine: ProbeEngine, options: ProbeOptions): Promise<Side> {
  const resolved = await resolveHost(prepared.target, options.timeout);
  requireCapabilities(prepared, options, engine);
  const plan = planOf(prepared, options, resolved, engine);
  const { target, address, family, tls } = plan;
  const cells = prepared.cells.map(({ cell, cuts }): PlannedCell => {
    const own = { ...cell, id: `endpoint=${name},${cell.id}`, factors: { endpoint: name, ...cell.factors } };
    return { cell: own, cuts, peer: { target, address, family, tls } };
  });
  return { name, prepared, plan: { ...plan, cells, ...turns(options) }, dnsNs: resolved.dnsNs };
}

/** How the requests of a cell, or its time, are divided among the rounds. */
function turns(options: ProbeOptions): Pick<ProbePlan, "rounds" | "roundNs"> {
  const { requests, duration } = options;
  const most = duration === undefined ? ROUNDS : Math.min(ROUNDS, Math.max(1, Math.floor(duration / LEAST_ROUND_NS)));
  const rounds =
    requests === undefined
      ? new Array<number>(most).fill(Number.POSITIVE_INFINITY)
      : roundsFor(requests, most, atOnce(options));
  return { rounds, roundNs: duration === undefined ? Number.POSITIVE_INFINITY : duration / rounds.length };
}

/** Without one of the two there is nothing to compare. @throws NetlatError (exit 4) */
function refuseIfAbsent({ name, prepared, plan }: Side, { cells, interrupted }: ProbeRun): void {
  const own = cells.filter(({ planned, collected }) => plan.cells.includes(planned) && collected.requests > 0);
  if (interrupted || own.length === 0 || own.some(({ collected }) => collected.opened > 0)) return;
  const [why = "no connection"] = own.flatMap(({ collected }) => Object.values(collected.examples));
  throw new NetlatError(EXIT.unreachable, `${name}, ${prepared.endpoint} (${plan.address}): cannot connect: ${why}`, {
    hint: "check that the server runs and that the address and port are right",
  });
}

interface Concluded {
  readonly file: string;
  readonly report: Report;
}

/** Both conclusions as one report, each sentence under the letter of its endpoint; the comparison comes first. */
function joined(reports: readonly [Concluded, Concluded], options: ProbeOptions): Report {
  const [a, b] = reports;
  const question = { ...questionOf(options), interleaved: true };
  const compared = compareRuns(
    { pairs: withoutLate(pairsOf(a.report.runs, b.report.runs), a, b), onlyInBase: [], onlyInNew: [] },
    question,
  );
  const comparison = { ...compared, unlike: unlikeness(a, b) };
  const { source } = a.report;
  if (source.kind !== "probe" || b.report.source.kind !== "probe") throw new TypeError("conclude gave no probe report");
  const { endpoint, address } = b.report.source;
  const both = <T>(pick: (one: Concluded) => readonly T[]): T[] => reports.flatMap(pick);
  return {
    ...a.report,
    source: { ...source, against: { endpoint, address } },
    runs: both(({ report }) => report.runs),
    effects: both(({ file, report }) =>
      report.effects.map((effect) => ({ ...effect, says: `${file}: ${effect.says}` })),
    ),
    findings: both(({ file, report }) =>
      report.findings.map((finding) => ({ ...finding, title: `${file}: ${finding.title}` })),
    ),
    theories: both(({ file, report }) =>
      report.theories.map((theory) => ({ ...theory, claim: `${file}: ${theory.claim}` })),
    ),
    detectors: mergeDetectors(reports),
    pool: null,
    comparison,
    verdict: {
      status: "none",
      reasons: [
        ...comparisonWords(comparison, { base: `A (${source.endpoint})`, next: `B (${endpoint})` }),
        ...both(({ file, report }) => report.verdict.reasons.map((reason) => `${file}: ${reason}`)),
      ],
    },
  };
}

/** The cells of both that have the same levels of every factor that both have, but for the endpoint. */
function pairsOf(first: readonly Run[], second: readonly Run[]): RunPair[] {
  const shared = Object.keys(first[0]?.factors ?? {}).filter(
    (factor) => factor !== "endpoint" && second[0]?.factors[factor] !== undefined,
  );
  const behaviour = ({ factors }: Run): string => shared.map((factor) => `${factor}=${factors[factor]}`).join(",");
  return first.flatMap((base) => {
    const next = second.find((run) => behaviour(run) === behaviour(base));
    return next === undefined ? [] : [{ id: behaviour(base), base, next }];
  });
}
