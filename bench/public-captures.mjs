/**
 * Reads every capture below a folder with netlat and with tshark and lists where they differ: no crash, no hang, as many TCP segments,
 * as many retransmissions. The captures themselves stay out of this repository.
 * node bench/public-captures.mjs FOLDER [--netlat bin/netlat.js] [--json FILE] [--width 2] [--limit-seconds 10] [--tshark-cache FILE]
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pooled } from "./lib/bounded.mjs";
import { differences, netlatReads, summary } from "./lib/capture-comparison.mjs";
import { installed } from "./lib/processes.mjs";
import { printTable } from "./lib/table.mjs";
import { tsharkSegments } from "./lib/tshark-segments.mjs";

const CAPTURE = /\.(pcap|pcapng|cap|dmp|ntar|trace)\d*(\.gz|\.zst)?$/i;
const LARGEST = 50e6;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      netlat: { type: "string", default: here("../bin/netlat.js") },
      json: { type: "string", default: here("build/public-captures.json") },
      width: { type: "string", default: "2" },
      "limit-seconds": { type: "string", default: "10" },
      "tshark-cache": { type: "string" },
    },
  });
  if (positionals.length !== 1) throw new Error("name one folder of captures");
  return { folder: positionals[0], ...values };
}

/** Each different file once. */
function captures(folder) {
  const seen = new Set();
  const files = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !CAPTURE.test(entry.name) || statSync(file).size > LARGEST) continue;
    const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
    if (seen.has(digest)) continue;
    seen.add(digest);
    files.push({ file, digest });
  }
  return files.sort((left, right) => (left.file < right.file ? -1 : 1));
}

/** tshark's answers by content: netlat changes from run to run, they do not. */
function tsharkWithMemory(path, limitMs) {
  const known = path !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  return {
    async segments({ file, digest }) {
      known[digest] ??= await tsharkSegments(file, limitMs);
      return known[digest];
    },
    save: () => path !== undefined && writeFileSync(path, JSON.stringify(known)),
  };
}

function show(told) {
  const { differences: found, segments, ...counts } = told;
  console.log(JSON.stringify(counts, null, 2));
  printTable("TCP segments as tshark dissects them", ["where", "count"], Object.entries(segments));
  for (const what of new Set(found.map((difference) => difference.what))) {
    const listed = found.filter((difference) => difference.what === what);
    console.log(`\n${what}: ${listed.length}`);
    for (const { file, says } of listed) console.log(`  ${file}: ${says}`);
  }
}

try {
  const options = readArguments();
  if (!installed("tshark")) throw new Error("tshark is not installed: scripts/peers.sh installs it");
  const limitMs = Number(options["limit-seconds"]) * 1e3;
  const tshark = tsharkWithMemory(options["tshark-cache"], limitMs * 3);
  const files = captures(options.folder);
  let done = 0;
  const results = await pooled(files, Number(options.width), async (capture) => {
    const theirs = await tshark.segments(capture);
    const ours = await netlatReads(options.netlat, capture.file, limitMs);
    if (++done % 100 === 0) {
      process.stderr.write(`${done} of ${files.length}\n`);
      tshark.save();
    }
    return { file: relative(options.folder, capture.file), ours, theirs, differences: differences(ours, theirs) };
  });
  tshark.save();
  const told = summary(results);
  show(told);
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify({ summary: told, results }, null, 1)}\n`);
  console.log(`\nsaved in ${options.json}`);
  if (told.differences.some(({ what }) => what !== "resent")) process.exitCode = 1;
} catch (error) {
  console.error(`public captures: ${error.message}`);
  process.exitCode = 1;
}
