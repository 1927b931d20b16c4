/**
 * What reading a capture costs, whole process with the whole analysis and a JSON report: beside tcptrace, tshark and a C program that
 * does nothing but walk the packets with a flow table; and whether every planted stall is found and none besides.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../lib/c-programs.mjs";
import { judge, LIMITS, show, summarise } from "../lib/capture-limits.mjs";
import { clients, NETLAT, readers, told } from "../lib/capture-readers.mjs";
import { describe, makeCapture } from "../lib/captures.mjs";
import { interleave } from "../lib/interleave.mjs";

const FULL = { rounds: 5, flows: 10_000, bigBytes: 1e9, smallPackets: 5e6 };
/** Too small for verdicts on time and memory: there the start of a process is most of it. */
const QUICK = { rounds: 2, flows: 1000, bigBytes: 3e7, smallPackets: 1.5e5 };

/** @returns per capture what was measured, its limits and the truth; a capture that could not be measured says why */
export async function bench({ quick, netlat, keep }) {
  const settings = { ...(quick ? QUICK : FULL), quick };
  const programs = compile(["make-capture", "flow-walk", "measure"]);
  if (programs === undefined)
    throw new Error("no C compiler here, and so neither captures nor their floor; install gcc");
  const folder = mkdtempSync(join(tmpdir(), "netlat-bench-pcap-"));
  // On exit, so that a gigabyte does not stay behind when the bench is interrupted.
  if (keep) console.log(`captures and reports are kept in ${folder}`);
  else process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const result = { settings, limits: LIMITS, captures: {} };
  for (const kind of ["big", "small"]) {
    result.captures[kind] = await measureKind(kind, { settings, programs, netlat, folder, keep });
  }
  return result;
}

async function measureKind(kind, { settings, programs, netlat, folder, keep }) {
  const { rounds, flows, bigBytes, smallPackets, quick } = settings;
  const limit = kind === "big" ? bigBytes : smallPackets;
  const capture = await makeCapture(programs["make-capture"], folder, kind, { kind, flows, limit });
  console.log(`\n${kind}: ${describe(capture)}`);
  try {
    const context = { programs, netlat, folder };
    const measured = await interleave(clients(programs, folder, readers({ ...context, capture })), rounds);
    const quarter = await measureQuarter({ ...context, kind, flows, limit: Math.round(limit / 4), rounds, keep });
    const reported = measured.names.includes(NETLAT) ? told(folder, capture) : null;
    const summary = summarise(measured.names, measured.rounds);
    const verdicts = judge({ ...measured, quarter, told: reported, truth: capture.truth, quick });
    show(kind, summary, verdicts);
    if (verdicts.some(({ met }) => met === false)) process.exitCode = 1;
    return { truth: capture.truth, told: reported, readers: summary, verdicts, ...measured, quarter };
  } finally {
    if (!keep) rmSync(capture.file, { force: true });
  }
}

/** Memory must not grow with the file: netlat alone on a file of a quarter of the size, with as many flows. */
async function measureQuarter({ programs, netlat, folder, kind, flows, limit, rounds, keep }) {
  const capture = await makeCapture(programs["make-capture"], folder, `${kind}-quarter`, { kind, flows, limit });
  const { [NETLAT]: only } = readers({ programs, netlat, folder, capture });
  const measured = await interleave(clients(programs, folder, { [NETLAT]: only }), rounds);
  if (!keep) rmSync(capture.file, { force: true });
  return measured.names.includes(NETLAT) ? measured.rounds : [];
}
