// The layers of the house, as tests. Each rule says why it is there; scripts/layers.mjs runs them and checks that all of src was seen.

/** What each folder of src may import besides itself, lowest first. `errors` is src/errors.ts. */
const LAYERS = {
  errors: { may: [], why: "everything imports it, so it imports nothing" },
  units: { may: ["errors"], why: "durations, rates and sizes are the words all others speak" },
  stats: { may: ["units", "errors"], why: "histograms and tests are mathematics: numbers in, numbers out" },
  report: { may: ["stats", "units", "errors"], why: "the report is data that outlives the code which made it" },
  protocols: { may: ["units", "errors"], why: "a protocol knows bytes, not sockets, clocks or reports" },
  capture: { may: ["protocols", "report", "stats", "units", "errors"], why: "reading a capture needs no live socket" },
  pool: { may: ["report", "stats", "units", "errors"], why: "pool sizing is arithmetic on numbers from anywhere" },
  compare: {
    may: ["report", "stats", "units", "errors"],
    why: "two reports held against each other, or added up: data in, data out",
  },
  check: {
    may: ["compare", "report", "stats", "units", "errors"],
    why: "what a suite expects is judged on reports; who runs the probes is the command's business",
  },
  detect: {
    may: ["capture", "pool", "protocols", "report", "stats", "units", "errors"],
    why: "a detector judges evidence that others gathered; it must run on a saved capture as on a live probe",
  },
  sockets: {
    may: ["report", "stats", "protocols", "units", "errors"],
    why: "what the kernel offers, for probes and lab alike",
  },
  quic: {
    may: ["sockets", "protocols", "units", "errors"],
    why: "a QUIC connection moves datagrams and timers for probes and lab alike, and knows no application",
  },
  lab: {
    may: ["quic", "sockets", "report", "stats", "protocols", "units", "errors"],
    why: "a target must not know who measures it, or the measurement proves nothing",
  },
  probes: {
    may: ["lab", "quic", "sockets", "detect", "capture", "pool", "report", "stats", "protocols", "units", "errors"],
    why: "an engine measures, and reads its own QUIC datagrams as a capture would; how the result is shown or saved is not its business",
  },
  render: { may: ["report", "units", "errors"], why: "a renderer turns a report into text and decides nothing" },
  export: { may: ["report", "stats", "units", "errors"], why: "files and services are fed from the report" },
  commands: {
    may: [
      "export",
      "render",
      "probes",
      "lab",
      "quic",
      "sockets",
      "detect",
      "check",
      "compare",
      "pool",
      "capture",
      "protocols",
      "report",
      "stats",
      "units",
      "errors",
    ],
    why: "a command can be run by any program around it; what both share stands in src/commands/ui.ts",
  },
};

/** Each third-party package has one owner, so that it can be replaced or be missing in one place. */
const OWNERS = [
  {
    package: "hdr-histogram-js",
    owners: ["stats"],
    why: "its guards against NaN, overflow and a wrong maximum stand there",
  },
  { package: "koffi", owners: ["sockets"], why: "the program must work without it, minus declared capabilities" },
  { package: "@matrixai/quic", owners: ["quic"], why: "the program must work without it, minus QUIC" },
  { package: "chalk", owners: ["render"], why: "only a renderer knows what the terminal can show" },
  { package: "cli-table3", owners: ["render"], why: "only a renderer lays out text" },
  { package: "commander", owners: ["cli", "commands"], why: "engines take typed values, not command lines" },
  { package: "pcap-parser", owners: ["capture"], why: "it is the reference that our own reader is held against" },
  { package: "zod", owners: ["report", "check"], why: "two files of users are validated: a report and a suite" },
  { package: "yaml", owners: ["check"], why: "only a suite is written by hand, and its errors need their line" },
];

const IMPURE = ["sockets", "quic", "probes", "lab", "export", "commands", "cli"];
/** The file reader of the capture layer, and its thread: everything behind them takes bytes. */
const CAPTURE_SOURCE = "^src/capture/(source[.]ts$|ahead/)";
const IMPURE_MODULES =
  "net|tls|https?|http2|fs|child_process|worker_threads|cluster|dgram|dns|os|perf_hooks|readline|tty";

const folder = (name) => (name === "errors" ? "errors[.]ts$" : `${name}/`);
const inside = (names) => `^src/(${names.map(folder).join("|")})`;

const layers = Object.entries(LAYERS).map(([name, { may, why }]) => ({
  name: `layer-${name}`,
  comment: `${name} may import ${may.length > 0 ? may.join(", ") : "nothing of ours"}: ${why}`,
  severity: "error",
  from: { path: inside([name]) },
  to: { path: "^src/", pathNot: inside([name, ...may]) },
}));

const owners = OWNERS.map(({ package: name, owners, why }) => ({
  name: `owner-${name}`,
  comment: `${name} is imported only in ${owners.join(" and ")}: ${why}`,
  severity: "error",
  from: { path: "^src/", pathNot: inside(owners) },
  to: { path: `(^|node_modules/)${name}(/|$)` },
}));

export default {
  forbidden: [
    ...layers,
    ...owners,
    {
      name: "known-folder",
      comment: "a new folder in src needs its place in LAYERS above, or no rule holds it",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: inside([...Object.keys(LAYERS), "cli"]) },
    },
    {
      name: "pure-inside",
      comment: "time, bytes and randomness come in as arguments: only these folders do input and output themselves",
      severity: "error",
      from: { path: "^src/", pathNot: [inside(IMPURE), CAPTURE_SOURCE] },
      to: { path: `^(node:)?(${IMPURE_MODULES})(/|$)`, dependencyTypes: ["core"] },
    },
    {
      name: "shipped",
      comment: "what the program imports must come with it: no development dependency, no test, no script",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "resolvable",
      comment: "an import that leads nowhere fails when the program runs, and no rule can judge it",
      severity: "error",
      from: { path: "^src/" },
      to: { couldNotResolve: true },
    },
    {
      name: "src-only",
      comment: "dist holds src and nothing else",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|scripts|bench|bin|fixtures)/" },
    },
    {
      name: "no-circular",
      comment: "in a circle nothing can be understood, or loaded, first",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "a module that imports nothing and that nobody imports is dead or forgotten",
      severity: "error",
      from: { orphan: true, path: "^src/" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
