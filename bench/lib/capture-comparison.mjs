/** One public capture through netlat, and what its report says beside tshark's counts. */
import { bounded } from "./bounded.mjs";

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

/** @returns { outcome: read | unreadable | crash | hang, says, tookMs, packets, tcpPackets, skipped, resent } */
export async function netlatReads(netlat, file, limitMs) {
  const words = [netlat, "pcap", file, "--format", "json"];
  const { code, signal, timedOut, stdout, stderr, tookMs } = await bounded(process.execPath, words, limitMs);
  const facts = { tookMs: Math.round(tookMs) };
  if (timedOut) return { outcome: "hang", says: `over ${limitMs} ms`, ...facts };
  if (code === 3) return { ...unreadable(stdout, stderr), ...facts };
  if (code !== 0) return { outcome: "crash", says: `exit ${code ?? signal}: ${stderr.slice(0, 600)}`, ...facts };
  try {
    const { source } = JSON.parse(stdout);
    return {
      outcome: "read",
      says: source.truncated?.says ?? "",
      ...facts,
      packets: source.packets,
      tcpPackets: source.tcpPackets,
      skipped: source.skipped,
      // By kind, of every flow; a report without it cannot be compared.
      resent: source.resends === undefined ? null : sum(source.resends),
    };
  } catch (error) {
    return { outcome: "crash", says: `exit 0, but no report: ${error.message}`, ...facts };
  }
}

/** Exit 3 is right only with one sentence, a hint at most behind it, and no report. */
function unreadable(stdout, stderr) {
  const [sentence = "", ...more] = stderr.trimEnd().split("\n");
  const proper = stdout === "" && /^netlat: ./.test(sentence) && more.length <= 1 && !/^\s+at /m.test(stderr);
  return { outcome: proper ? "unreadable" : "crash", says: stderr.slice(0, 600).trim() };
}

/** @returns what differs, one sentence each; nothing is expected of a file that tshark itself complains about but no crash and no hang. */
export function differences(ours, theirs) {
  if (ours.outcome === "crash" || ours.outcome === "hang") return [{ what: ours.outcome, says: ours.says }];
  if (theirs.status !== "clean") return [];
  if (ours.outcome === "unreadable") {
    return sum(theirs.segments) > 0
      ? [{ what: "refused", says: `tshark reads ${theirs.frames} packets; ${ours.says}` }]
      : [];
  }
  const found = [];
  if (ours.packets !== theirs.frames)
    found.push({ what: "packets", says: `${ours.packets}, tshark ${theirs.frames}; ${ours.says}` });
  const segments = theirs.segments.whole ?? 0;
  if (ours.tcpPackets !== segments) {
    const says = `${ours.tcpPackets}, tshark ${segments}; skipped ${JSON.stringify(ours.skipped)}, tshark besides ${besides(theirs)}`;
    found.push({ what: "tcp", says });
  }
  const resent = theirs.analysis.resent ?? 0;
  if (ours.resent !== null && ours.resent !== resent) {
    found.push({ what: "resent", says: `${ours.resent}, tshark ${resent} (${JSON.stringify(theirs.analysis)})` });
  }
  return found;
}

function counted(words) {
  const counts = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function besides({ segments }) {
  const { whole, ...others } = segments;
  return JSON.stringify(others);
}

/** Counts over all files, and every difference. */
export function summary(results) {
  const by = (read) => counted(results.map(read));
  const listed = results.flatMap(({ file, differences: found }) =>
    found.map((difference) => ({ file, ...difference })),
  );
  const compared = results.filter(({ ours, theirs }) => ours.outcome === "read" && theirs.status === "clean");
  const total = (read) => compared.reduce((all, result) => all + read(result), 0);
  const beyond = {};
  for (const { theirs } of compared) {
    for (const [kind, count] of Object.entries(theirs.segments)) beyond[kind] = (beyond[kind] ?? 0) + count;
  }
  return {
    files: results.length,
    netlat: by(({ ours }) => ours.outcome),
    tshark: by(({ theirs }) => theirs.status),
    compared: {
      files: compared.length,
      withTcp: compared.filter(({ theirs }) => theirs.segments.whole > 0).length,
      sameTcpCount: compared.filter(({ ours, theirs }) => ours.tcpPackets === (theirs.segments.whole ?? 0)).length,
      tcpPackets: total(({ ours }) => ours.tcpPackets),
      tsharkTcpPackets: total(({ theirs }) => theirs.segments.whole ?? 0),
      resentTold: compared.filter(({ ours }) => ours.resent !== null).length,
      sameResent: compared.filter(({ ours, theirs }) => ours.resent === (theirs.analysis.resent ?? 0)).length,
      resent: total(({ ours }) => ours.resent ?? 0),
      tsharkResent: total(({ theirs }) => theirs.analysis.resent ?? 0),
    },
    /** What tshark dissects as TCP, by where and how it stands; only the whole ones at a level that netlat opens are compared. */
    segments: beyond,
    slowest: [...results]
      .sort((left, right) => right.ours.tookMs - left.ours.tookMs)
      .slice(0, 5)
      .map(({ file, ours }) => ({ file, tookMs: ours.tookMs })),
    differences: listed,
  };
}
