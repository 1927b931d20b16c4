/** The look of the page, in the file itself: it must open anywhere, years later, without a network. Light and dark as the reader's system is. */

/** Colours of curves, in this order; the dashes tell them apart as well. */
export const SERIES = 8;

const LIGHT = ["#1f66c8", "#c4520a", "#0d7a55", "#9a37a5", "#8a6a00", "#c02f4a", "#2f7489", "#5f50c8"];
const DARK = ["#6ea8ff", "#ff9d57", "#46c99a", "#dd86e6", "#d9b53c", "#ff7d92", "#74bfd4", "#a99bff"];
const variables = (colours: readonly string[]): string => colours.map((colour, at) => `--s${at}: ${colour};`).join(" ");

export const STYLE = `
:root { color-scheme: light dark; --bg: #ffffff; --ink: #1b2430; --muted: #5a6472; --line: #dfe4ea; --soft: #f4f6f8;
  --good: #0d7a4a; --bad: #b3261e; --warn: #8a5a00; ${variables(LIGHT)}
  --senderHold: #c0392b; --loss: #8e44ad; --window: #c98a00; --server: #2f78c4; --transfer: #1f8a70; --network: #8b95a1; }
@media (prefers-color-scheme: dark) { :root { --bg: #14181d; --ink: #e5e9ee; --muted: #9ba6b3; --line: #2c333c; --soft: #1c2229;
  --good: #4cc38a; --bad: #ff8a80; --warn: #e5b450; ${variables(DARK)}
  --senderHold: #ff7b6b; --loss: #c98be0; --window: #e8b93f; --server: #6cb0f5; --transfer: #4fc3a1; --network: #7d8894; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 66rem; background: var(--bg); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h1 small { font-weight: 400; color: var(--muted); }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; } h3 { font-size: 1rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
ul { margin: .3rem 0; padding-left: 1.25rem; } li { margin: .15rem 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .86em; }
pre { margin: .4rem 0; padding: .7rem .9rem; overflow-x: auto; background: var(--soft); border-radius: 6px; line-height: 1.35; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .4rem 0; }
dt, th, .muted, footer { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: middle; }
th { font-weight: 500; font-size: .9rem; } .number { text-align: right; white-space: nowrap; }
.card { border: 1px solid var(--line); border-left: 4px solid var(--muted); border-radius: 6px; padding: .8rem 1rem; margin: .8rem 0; }
.card.error, .card.fail { border-left-color: var(--bad); } .card.warning, .card.inconclusive { border-left-color: var(--warn); }
.card.pass { border-left-color: var(--good); } .card p { margin: .3rem 0; } .verdict { background: var(--soft); } .verdict li:first-child { font-weight: 600; }
.error b, .fail b, b.fail { color: var(--bad); } .warning b, .inconclusive b, b.inconclusive { color: var(--warn); }
.pass b, b.pass { color: var(--good); } .key { display: inline-block; margin-right: 1.2rem; white-space: nowrap; }
svg { display: block; max-width: 100%; height: auto; } svg text { fill: var(--muted); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); } svg .bar { fill: var(--s0); } svg.key-line { display: inline-block; vertical-align: middle; margin-right: .4rem; }
footer { margin-top: 3rem; font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } .card { break-inside: avoid; } }
`;
