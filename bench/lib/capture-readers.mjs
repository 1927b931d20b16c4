/** Who reads the captures of the bench. Each runs once, as a whole process, and gives what it took. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installed, run } from "./processes.mjs";

export const NETLAT = "netlat pcap";
export const FLOOR = "C flow walk";
export const TCPTRACE = "tcptrace";
export const TSHARK = "tshark";
/** tshark keeps every packet: it slows down and takes gigabytes as a file grows, so the first part of it is a favour to it. */
const TSHARK_PART = 0.1;

/** Measures one whole process; its standard output goes to `out`. */
async function measured(programs, out, words) {
  return JSON.parse(await run(programs.measure, [out, ...words.map(String)]));
}

/** @returns name -> { words, packets } of those that are installed: the command to measure and how many packets it reads. */
export function readers({ programs, netlat, folder, capture }) {
  const { file, truth } = capture;
  const all = {
    [NETLAT]: {
      words: [process.execPath, netlat, "pcap", file, "--format", "json", "-o", reportFile(folder, capture)],
      packets: truth.packets,
    },
    [FLOOR]: { words: [programs["flow-walk"], file], packets: truth.packets },
    // -l and -r: its long report with round-trip times, the nearest it has to an analysis of every connection.
    [TCPTRACE]: { words: ["tcptrace", "-n", "-l", "-r", file], packets: truth.packets },
    [TSHARK]: tshark(file, Math.ceil(truth.packets * TSHARK_PART)),
  };
  return Object.fromEntries(Object.entries(all).filter(([name, { words }]) => present(name, words[0])));
}

function tshark(file, packets) {
  return { words: ["tshark", "-n", "-q", "-z", "conv,tcp", "-c", packets, "-r", file], packets };
}

function present(name, command) {
  if (installed(command)) return true;
  console.log(`${name} is not installed: left out`);
  return false;
}

/** @returns name -> function that measures once, as `interleave` takes them. */
export function clients(programs, folder, words) {
  const client = async ({ words: command, packets }) => {
    const took = await measured(programs, join(folder, "output"), command);
    return { ...took, packetsPerSecond: (packets / took.wallMs) * 1e3 };
  };
  return Object.fromEntries(Object.entries(words).map(([name, reader]) => [name, () => client(reader)]));
}

const reportFile = (folder, { name }) => join(folder, `${name}.report.json`);

/** What netlat's last report of a capture says, to be held against the truth. */
export function told(folder, capture) {
  const report = JSON.parse(readFileSync(reportFile(folder, capture), "utf8"));
  const counted = (code) =>
    report.findings.filter((finding) => finding.code === code).reduce((sum, { count }) => sum + count, 0);
  return {
    packets: report.source.packets,
    exchanges: report.runs.reduce((sum, { requests }) => sum + requests, 0),
    findings: Object.fromEntries(Object.keys(capture.truth.planted).map((code) => [code, counted(code)])),
  };
}
