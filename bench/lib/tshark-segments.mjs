/**
 * What tshark counts as TCP in a capture, sorted so that it can be held against a reader that counts a segment at the innermost IP
 * of a packet and neither reassembles fragments nor looks into what an ICMP error quotes. tshark is told not to reassemble IP
 * fragments, so that a segment stands where its header stands.
 */
import { bounded } from "./bounded.mjs";

const ANALYSIS = [
  "retransmission",
  "fast_retransmission",
  "spurious_retransmission",
  "out_of_order",
  "keep_alive",
  "zero_window_probe",
];
const FIELDS = [
  "frame.protocols",
  "ip.flags.mf",
  "ip.frag_offset",
  "ipv6.fraghdr.more",
  "ipv6.fraghdr.offset",
  "tcp.urgent_pointer",
  "tcp.bogus_header_length",
  "tcp.short_segment",
  ...ANALYSIS.map((name) => `tcp.analysis.${name}`),
];
const OPTIONS = ["ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE"];

/** Layers that netlat opens, by tshark's names; whatever else stands before `tcp` is beyond it. */
const OPENED = new Set(
  (
    "eth ethertype vlan ieee8021ad sll ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr null raw ppp pppoes chdlc " +
    "llc mpls gre vxlan geneve ah erspan"
  ).split(" "),
);
/** With one of these before it the segment rides in UDP, which is opened for the tunnels that follow it. */
const CARRIERS = new Set(["vxlan", "geneve"]);

const words = (file) => [
  "-n",
  ...OPTIONS.flatMap((option) => ["-o", option]),
  ...["-r", file, "-T", "fields", "-E", "occurrence=a"],
  ...FIELDS.flatMap((field) => ["-e", field]),
];

/** @returns { status: clean | complains | unreadable | hangs, says, frames, segments: { kind: count }, analysis: { name: count } } */
export async function tsharkSegments(file, limitMs) {
  const { code, timedOut, stdout, stderr } = await bounded("tshark", words(file), limitMs);
  const says = stderr
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("Running as user"))
    .join(" ");
  if (timedOut) return { status: "hangs", says: `over ${limitMs} ms`, frames: 0, segments: {}, analysis: {} };
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length === 0 && code !== 0) return { status: "unreadable", says, frames: 0, segments: {}, analysis: {} };
  const status = code === 0 && says === "" ? "clean" : "complains";
  return { status, says, frames: lines.length, ...count(lines) };
}

function count(lines) {
  const [segments, analysis] = [{}, {}];
  for (const line of lines) {
    const [protocols, ...values] = line.split("\t");
    const kind = kindOf(protocols, values);
    if (kind === undefined) continue;
    segments[kind] = (segments[kind] ?? 0) + 1;
    if (kind !== "whole") continue;
    const flags = ANALYSIS.filter((_, at) => values[FIELDS.length - 1 - ANALYSIS.length + at]);
    // tshark marks a fast or a spurious one as a retransmission as well.
    for (const name of flags) analysis[name] = (analysis[name] ?? 0) + 1;
    if (flags.some((name) => name.endsWith("retransmission"))) analysis.resent = (analysis.resent ?? 0) + 1;
  }
  return { segments, analysis };
}

/** `whole`, or why netlat does not count it; undefined: no TCP in this frame. */
function kindOf(protocols, [moreFragments, fragmentOffset, more6, offset6, urgentPointer, bogusHeader, shortSegment]) {
  const layers = protocols.split(":");
  const tcpAt = layers.indexOf("tcp");
  if (tcpAt < 0) return undefined;
  const before = layers.slice(0, tcpAt);
  const carried = before.some((layer) => CARRIERS.has(layer));
  const strange = before.find((layer) => !OPENED.has(layer) && !(layer === "udp" && carried));
  if (strange !== undefined) return `inside ${strange}`;
  const nonZero = (values = "") => values.split(",").some((value) => Number(value) > 0 || value === "True");
  if ([moreFragments, fragmentOffset, more6, offset6].some(nonZero)) return "fragment";
  if (bogusHeader) return "bogus header length";
  if (shortSegment) return "segment shorter than its header";
  if (urgentPointer === "") return "header cut short";
  return "whole";
}
