/**
 * Reads every capture below a folder with netlat and with tshark and holds against each other what both see of QUIC v1 and v2 without a
 * key log: datagrams, packets in them, server names in Initial packets. The captures themselves stay out of this repository.
 *
 * What is left, with the captures of ntop/nDPI, EricssonResearch/spindump and zeek/zeek and tshark 4.0 (25 of 31 files alike, all
 * server names alike): random bytes that fill up a datagram are a packet to tshark (quic_frags_different_dcid); a 1-RTT packet behind a
 * Handshake packet is filling to it where it could not open the client's second Initial (zerortt, quicv2-echo); DNS over QUIC on its
 * port is no QUIC to it (quicdoq); a fuzzed Initial that nothing opens begins no connection here (383379789-decrypt-crash).
 *
 * node bench/public-quic.mjs FOLDER [--netlat bin/netlat.js] [--limit-seconds 20]
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bounded } from "./lib/bounded.mjs";
import { installed } from "./lib/processes.mjs";
import { netlatQuic, tsharkQuic } from "./lib/quic-comparison.mjs";
import { printTable } from "./lib/table.mjs";

const CAPTURE = /\.(pcap|pcapng|cap|trace)(\.gz)?$/i;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    netlat: { type: "string", default: fileURLToPath(new URL("../bin/netlat.js", import.meta.url)) },
    "limit-seconds": { type: "string", default: "20" },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("name one folder of captures");
if (!installed("tshark")) throw new Error("tshark is not installed: scripts/peers.sh installs it");
const run = (program, args) => bounded(program, args, Number(values["limit-seconds"]) * 1e3);

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && CAPTURE.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const rows = [];
const counts = {
  files: 0,
  "with QUIC v1 or v2": 0,
  "the same": 0,
  different: 0,
  "other versions only": 0,
  "no QUIC": 0,
  crashes: 0,
};
for (const file of files) {
  counts.files++;
  const [ours, theirs] = [await netlatQuic(run, values.netlat, file), await tsharkQuic(run, file)];
  if (ours.crash !== undefined) {
    counts.crashes++;
    rows.push([relative(folder, file), "crash", ours.crash, ""]);
    continue;
  }
  if (theirs.datagrams === 0 && ours.datagrams === 0) {
    counts[theirs.others > 0 || ours.others > 0 ? "other versions only" : "no QUIC"]++;
    continue;
  }
  counts["with QUIC v1 or v2"]++;
  const different = ["datagrams", "packets", "names"].filter((what) => ours[what] !== theirs[what]);
  counts[different.length === 0 ? "the same" : "different"]++;
  for (const what of different)
    rows.push([relative(folder, file), what, String(ours[what]), `${theirs[what]}${ours.says}`]);
}
console.log(JSON.stringify(counts, null, 2));
printTable("where they differ", ["file", "what", "netlat", "tshark"], rows);
process.exitCode = counts.crashes > 0 ? 1 : 0;
