import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import { displayWidth } from "../../src/render/text.js";
import { histogramOf } from "../../src/report/histogram.js";
import { type H2Facts, type Report, reportSchema } from "../../src/report/model.js";
import { goaway, h2Facts } from "../detect/h2-facts.js";
import { stallReport } from "./sample-report.js";

const MS = 1e6;
const law = { arrivalPerSecond: 500, residenceNs: 90 * MS, expected: 45, measured: 44.9 };

/** A run for each of the facts, by how many streams were asked for. */
function report(facts: readonly Partial<H2Facts>[], factor = "streams"): Report {
  const sample = stallReport();
  const [first] = sample.runs;
  if (first === undefined) throw new Error("the sample has no run");
  const runs = facts.map((changes, at) => {
    const h2 = h2Facts({ streams: 10 ** at, ...changes });
    const factors = { nagle: "off", [factor]: String(h2.streams) };
    const phases = { ...first.phases, queue: histogramOf([20 * MS, 80 * MS]) };
    return { ...first, id: `nagle=off,${factor}=${h2.streams}`, factors, phases, h2 };
  });
  return reportSchema.parse({ ...sample, runs, findings: [], theories: [], effects: [] });
}

const text = (of: Report, columns = 80, unicode = true): string => renderers.table(of, { columns, colour: 0, unicode });
const section = (page: string): string => page.slice(page.indexOf("\nHTTP/2\n"), page.indexOf("\nnetlat "));

const limited: Partial<H2Facts> = { mostOpen: 10, littlesLaw: { queue: law, wire: law } };
const everything: Partial<H2Facts> = {
  ...limited,
  frames: {
    sent: { HEADERS: 100, DATA: 5, WINDOW_UPDATE: 7 },
    received: { HEADERS: 200, DATA: 100, WINDOW_UPDATE: 50, GOAWAY: 1 },
  },
  windowWait: { requests: 4, totalNs: 40 * MS, maxNs: 25 * MS },
  resets: { REFUSED_STREAM: 3 },
  goaways: [goaway({ errorCode: "ENHANCE_YOUR_CALM", debug: "too_many_pings", pings: 4, lostStreams: 2 })],
  overLimit: [
    { asked: 11, beforeAck: false, answer: "RST_STREAM REFUSED_STREAM" },
    { asked: 11, beforeAck: true, answer: "answered like the others" },
  ],
  bulkBytes: 10 * 1024 ** 2,
  grpc: { OK: 99, UNAVAILABLE: 1 },
  health: { SERVING: 99 },
};

describe("the section on HTTP/2", () => {
  it("tells everything that a run knows", () => {
    const said = section(text(report([{}, {}, everything])));
    for (const words of [
      /^ {2}server {6}MAX_CONCURRENT_STREAMS 10$/m,
      /^ {2}ours {8}ENABLE_PUSH 0, INITIAL_WINDOW_SIZE 1048576$/m,
      /^ {2}streams +open +queue p50 +p99 +server p50 +p99$/m,
      /^ {2}100 +10 of 100 +20\.0 ms +80\.0 ms/m,
      /^ {2}streams {5}streams=100: 100 asked for at once on a connection, the server\s+allows 10, 10 open at most$/m,
      /^ {2}L waiting {3}streams=100: 500\/s x 90\.0 ms = 45\.0 \(lambda x W\), measured 44\.9$/m,
      /^ {2}L on wire {3}streams=100: 500\/s x 90\.0 ms = 45\.0 \(lambda x W\), measured 44\.9$/m,
      /^ {2}100 +100\/200 +5\/100 +7\/50 +0\/1$/m,
      /over limit +streams=100: stream 11, its SETTINGS acknowledged: RST_STREAM\s+REFUSED_STREAM/,
      /before we acknowledged its SETTINGS:\s+answered like the others/,
      /PING +round trip 100 us \(p50\), 100 us \(p99\) of 1$/m,
      /HPACK +sent 200 B of fields as 100 B \(50 % saved\); received/,
      /windows +streams=100: the server sent 50 WINDOW_UPDATE/,
      /waits +streams=100: 4 of 1000 requests waited for window to send their\s+body: 10\.0 ms on average, 25\.0 ms at most/,
      /bulk +streams=100: 10 MiB beside the requests/,
      /gRPC +streams=100: status OK 99, UNAVAILABLE 1$/m,
      /health +streams=100: SERVING 99/,
      /resets +streams=100: RST_STREAM REFUSED_STREAM 3/,
      /GOAWAY +streams=100: ENHANCE_YOUR_CALM "too_many_pings" after 80\.0 ms and\s+4 PINGs, last stream 11, 2 streams to be asked again/,
    ]) {
      expect(said).toMatch(words);
    }
  });

  it("says nothing of what did not happen", () => {
    const said = section(text(report([{}])));
    expect(said).not.toMatch(/waits|windows|bulk|gRPC|health|resets|GOAWAY|over limit|L waiting|transfer/);
  });

  it("is not there without HTTP/2, nor where no frame came", () => {
    expect(text(stallReport())).not.toContain("HTTP/2");
    const silent = { settingsAckNs: null, serverSettings: {}, server: histogramOf([]) };
    expect(text(report([silent]))).not.toContain("\nHTTP/2\n");
  });

  it("says once what two facts of one run say alike", () => {
    const untried = "not tried: more than 2000 streams are allowed";
    const overLimit = [false, true].map((beforeAck) => ({ asked: 0, beforeAck, answer: untried }));
    const said = section(text(report([{}, { overLimit }])));
    expect(said).toMatch(/^ {2}over limit {2}streams=10: not tried: more than 2000 streams are allowed$/m);
    expect(section(text(report([{ overLimit }])))).toMatch(/^ {2}over limit {2}not tried: more/m);
  });

  it("names cells by the levels that they share", () => {
    const of = report([{}, {}, {}, {}]);
    const runs = of.runs.map((run, at) => {
      const h2 = h2Facts({ ourSettings: { INITIAL_WINDOW_SIZE: at < 2 ? 65_536 : 16_777_216 } });
      return { ...run, factors: { window: at < 2 ? "64KiB" : "16MiB", bulk: at % 2 ? "same" : "other" }, h2 };
    });
    const said = section(text({ ...of, runs }));
    expect(said).toMatch(/^ {2}ours {8}window=64KiB: INITIAL_WINDOW_SIZE 65536$/m);
    expect(said).toMatch(/^ {2}64KiB +same +1 of 2 /m);
  });

  it("keeps to the width, and to ASCII where the terminal has no more", () => {
    for (const columns of [40, 48, 60, 80, 100, 160]) {
      const page = text(report([{}, everything, everything]), columns);
      expect(page.split("\n").filter((line) => displayWidth(line) > columns)).toEqual([]);
    }
    expect(section(text(report([everything]), 80, false))).toMatch(/^[\n -~]+$/);
  });

  it("shows the text of a GOAWAY as text, whatever it holds", () => {
    const hostile = goaway({ debug: "\u001b[31m|<b>**" });
    expect(text(report([{ goaways: [hostile] }]))).not.toContain("\u001b");
    const page = renderers.markdown(report([{ goaways: [hostile] }]), { columns: 80, colour: 0, unicode: true });
    expect(page).not.toContain("\u001b");
    expect(page).not.toContain("<b>");
    expect(page).not.toContain("|<b>**");
  });

  it("stands in Markdown with the same facts", () => {
    const page = renderers.markdown(report([{}, {}, everything]), { columns: 80, colour: 0, unicode: true });
    expect(page).toContain("## HTTP/2\n");
    expect(page).toContain("| cell | open | queue p50 | p99 | server p50 | p99 |");
    expect(page).toContain("| frames sent/received | HEADERS | DATA | WINDOW_UPDATE | GOAWAY |");
    expect(page).toContain("- **L waiting** streams=100: 500/s x 90.0 ms = 45.0 (lambda x W), measured 44.9");
  });
});

describe("findings on connections", () => {
  it("count connections, not requests", () => {
    const of = stallReport();
    const [stall] = of.findings;
    if (stall === undefined) throw new Error("the sample has no finding");
    const ended = { ...stall, code: "h2-ping-enforced" as const, count: 3, of: 4 };
    expect(text({ ...of, findings: [ended] })).toMatch(/delayed 3 of 4 connections/);
    expect(text({ ...of, findings: [{ ...stall, count: 3, of: 4 }] })).toMatch(/delayed 3 of 4 requests/);
  });
});

describe("TLS sessions", () => {
  it("tells how many handshakes resumed one, in the table and in Markdown", () => {
    const of = stallReport();
    const runs = of.runs.slice(0, 2).map((run, at) => ({ ...run, connections: 21, tlsResumed: at === 0 ? 20 : 0 }));
    const page = { columns: 100, colour: 0 as const, unicode: true };
    for (const render of [renderers.table, renderers.markdown]) {
      const said = render({ ...of, runs }, page).replace(/\s+/g, " ");
      expect(said).toMatch(/TLS handshakes that resumed a session: \S+.* 20 of 21, .* 0 of 21/);
    }
    expect(text(of)).not.toContain("resumed a session");
  });
});

describe("the phases of requests that share a connection", () => {
  it("are explained where they stand", () => {
    const of = stallReport();
    const runs = of.runs.map((run) => ({ ...run, phases: { ...run.phases, behind: histogramOf([MS]) } }));
    expect(text({ ...of, runs })).toMatch(
      /behind: written, until the answers to earlier\s+requests on the connection had/,
    );
    expect(text(of)).not.toContain("behind:");
  });
});
