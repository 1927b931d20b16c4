/** One capture's QUIC v1 and v2, as netlat's report and as tshark's dissection tell it. */

const OPTIONS = ["ip.defragment:FALSE", "ipv6.defragment:FALSE"];
const FIELDS = ["quic.connection.number", "quic.header_form", "quic.version", "tls.handshake.extensions_server_name"];
const ENDS = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport"];
const SPOKEN = new Set(["0x00000001", "0x6b3343cf"]);

/** @returns datagrams, packets and server names of connections that speak v1 or v2; `others`: connections of other versions */
export async function netlatQuic(run, netlat, file) {
  const { code, signal, timedOut, stdout, stderr } = await run(process.execPath, [
    netlat,
    "pcap",
    file,
    "--format",
    "json",
  ]);
  if (timedOut) return { crash: "hangs" };
  if (code === 3) return { datagrams: 0, packets: 0, names: "", others: 0, says: stderr.trim() };
  if (code !== 0) return { crash: `exit ${code ?? signal}: ${stderr.slice(0, 300)}` };
  const { runs, source } = JSON.parse(stdout);
  const services = runs.flatMap(({ quic }) => (quic === undefined ? [] : [quic]));
  const isSpoken = ({ versions }) => versions.v1 !== undefined || versions.v2 !== undefined;
  const spoken = services.filter(isSpoken);
  const sum = (read) => spoken.reduce((total, quic) => total + read(quic), 0);
  return {
    datagrams: sum(({ datagrams: { client, server } }) => client.datagrams + server.datagrams),
    packets: sum(({ opened }) => opened.of),
    names: namesOf(
      spoken.flatMap(({ sni }) => Object.entries(sni).flatMap(([name, count]) => Array(count).fill(name))),
    ),
    others: services.length - spoken.length,
    says: `; skipped ${JSON.stringify(source.skipped)}, unread ${JSON.stringify(source.inside?.unread ?? {})}`,
  };
}

export async function tsharkQuic(run, file) {
  const words = ["-n", ...OPTIONS.flatMap((option) => ["-o", option]), "-r", file, "-Y", "quic", "-T", "fields"];
  const { stdout } = await run("tshark", [
    ...words,
    "-E",
    "occurrence=a",
    ...[...FIELDS, ...ENDS].flatMap((field) => ["-e", field]),
  ]);
  const connections = new Map();
  /** It loses a connection when its IDs change; that there is none between other ends is as good. */
  const byEnds = new Map();
  for (const line of stdout.split("\n").filter((text) => text !== "")) {
    const [numbers = "", forms = "", versions = "", names = "", ...ends] = line.split("\t");
    const key = ends.sort().join(" ");
    const number = numbers.split(",")[0] || byEnds.get(key);
    byEnds.set(key, number);
    const known = connections.get(number) ?? { datagrams: 0, packets: 0, versions: new Set(), name: undefined };
    connections.set(number, known);
    known.datagrams++;
    known.packets += forms.split(",").filter((form) => form !== "").length;
    for (const version of versions.split(",")) if (version !== "") known.versions.add(version);
    known.name ??= names.split(",").find((name) => name !== "");
  }
  const all = [...connections.values()];
  const spoken = all.filter(({ versions }) => [...versions].some((version) => SPOKEN.has(version)));
  const sum = (what) => spoken.reduce((total, connection) => total + connection[what], 0);
  return {
    datagrams: sum("datagrams"),
    packets: sum("packets"),
    names: namesOf(spoken.flatMap(({ name }) => (name === undefined ? [] : [name]))),
    others: all.length - spoken.length,
  };
}

const namesOf = (names) => names.sort().join(" ");
