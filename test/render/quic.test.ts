import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import { displayWidth } from "../../src/render/text.js";
import { type QuicFacts, type Report, reportSchema } from "../../src/report/model.js";
import { MS } from "../detect/evidence.js";
import { loss, quicFacts, spread, times } from "../detect/quic-facts.js";
import { earlyDataReport, quicCapture, sideBySideReport } from "./sample-quic.js";
import { stallReport } from "./sample-report.js";

const text = (of: Report, columns = 80, unicode = true): string => renderers.table(of, { columns, colour: 0, unicode });
const markdown = (of: Report): string => renderers.markdown(of, { columns: 80, colour: 0, unicode: true });
const html = (of: Report): string => renderers.html(of, { columns: 80, colour: 0, unicode: true });

/** One section of the table, to the next title. */
function section(page: string, title: string): string {
  const from = page.indexOf(`\n${title}\n`);
  if (from < 0) return "";
  const rest = page.slice(from + 1);
  const next = rest.search(/\n\n\S/);
  return next < 0 ? rest : rest.slice(0, next + 1);
}

/** A probe with one cell for each of the facts, by the level of a factor. */
function probe(...facts: Partial<QuicFacts>[]): Report {
  const early = earlyDataReport();
  const [first] = early.runs;
  if (first === undefined) throw new Error("the sample has no run");
  const runs = facts.map((changes, at) => ({
    ...first,
    id: `streams=${10 ** at}`,
    factors: { streams: 10 ** at },
    quic: quicFacts(changes),
  }));
  return reportSchema.parse({ ...early, runs, findings: [], theories: [], detectors: [] });
}

describe("the section on QUIC", () => {
  it("tells what was spoken, how the handshake went, round trips to the microsecond, ACKs, packets", () => {
    const said = section(text(probe({})), "QUIC");
    for (const words of [
      /^ {2}spoken +v1, h3, TLS_AES_128_GCM_SHA256, for example\.test$/m,
      /^ {2}connections +4 opened, 2 at once at most$/m,
      /^ {2}streams +200 opened, 10 at once at most$/m,
      /^ {2}HTTP\/3 +QPACK_MAX_TABLE_CAPACITY 0$/m,
      /^ {2}closed +client: H3_NO_ERROR \(4\)$/m,
      /^ {2}handshake: 42\.0 ms \(p50 of 4\)$/m,
      /^ {4}client hello to first answer +40\.4 ms {2}━+$/m,
      /^ {4}server flight complete to client finished +600 us {3,}━$/m,
      /^ +42\.0 ms +40,200 us +40,403 us +40,598 us$/m,
      /^ {3}server +300 us +20\.0 ms +20\.0 ms +25\.0 ms +0 of 100$/m,
      /^ {3}client +50\.0 us/m,
      /^ {4}450\/480 +0\/0 +0 %\/0 % .* 244\.1 KiB\/s +19\.8 KiB$/m,
    ]) {
      expect(said).toMatch(words);
    }
    expect(said).not.toMatch(/0-RTT|detours|migration|failed|unread|requests|spin/);
  });

  it("tells what went another way, once for all cells or with whose it is", () => {
    const { handshake } = quicFacts();
    const odd: Partial<QuicFacts> = {
      versions: { v1: 3, v2: 1 },
      handshake: {
        ...handshake,
        total: spread(4, () => 82),
        flights: [{ name: "client hello to retry", time: times(40) }, ...handshake.flights],
        retries: 3,
        helloRetries: 1,
      },
      earlyData: { offered: 3, accepted: 1, rejected: 1, resumed: 2, rejectionCost: times(41) },
      migrations: [
        { afterRequests: 10, validatedNs: 40.6 * MS, lostRequests: 1, says: "from port 1 to 2" },
        { afterRequests: 1, validatedNs: null, lostRequests: 2, says: "" },
        { afterRequests: 5, validatedNs: null, lostRequests: 0, says: "" },
      ],
      connections: { opened: 4, mostActive: 2, failed: { timeout: 1 } },
      lossDelay: { hit: spread(8, () => 82), spared: spread(192, () => 41) },
      opened: { packets: 880, of: 900, says: "2 connections: too early" },
      h3: { serverSettings: {}, goaways: 1, qpackInstructions: 7 },
      loss: { client: null, server: loss({ lost: 5, spurious: 1, notSeen: 4, ratio: 0.01, resentBytes: 2048 }) },
    };
    const said = section(text(probe({}, odd)), "QUIC");
    const flat = said.replaceAll(/\s+/g, " ");
    for (const words of [
      "spoken streams=10: v1 (3) v2 (1), h3",
      "0-RTT streams=10: sent on 3 of 4 connections; 1 accepted; 1 rejected, sent again 41.0 ms (p50) later; of 1 it was not seen; 2 resumed a session",
      "detours streams=10: Retry on 3, HelloRetryRequest on 1 of 4 connections",
      "requests streams=10: 8 had bytes that went again: p50 82.0 ms, p99 82.0 ms; the other 192: 41.0 ms",
      "migration streams=10: after 10 requests: the new path valid after 40.6 ms; 1 request lost; from port 1 to 2",
      "migration streams=10: after 1 request: 2 requests lost",
      "migration streams=10: after 5 requests: the new path was never validated",
      "failed streams=10: connections: timeout (1)",
      "unread streams=10: 20 of 900 packets could not be decrypted: 2 connections",
      "HTTP/3 streams=10: SETTINGS without a value; 1 GOAWAY; 7 instructions of",
      "handshake of streams=1: 42.0 ms (p50 of 4)",
      "handshake of streams=10: 82.0 ms (p50 of 4)",
    ]) {
      expect(flat).toContain(words);
    }
    expect(said).toMatch(/^ {4}client hello to retry +40\.0 ms {2}━+$/m);
    expect(said).toMatch(/^ {2}10 +450\/480 +\?\/8 +\?\/2 % +\?\/1 +\?\/2 KiB/m);
    expect(said.match(/closed/g)).toHaveLength(1);
    // Our own ACKs are prompt in both cells: with several to tell of, they are not told.
    expect(said).not.toMatch(/client +50\.0 us/);
  });

  it("is not there over TCP, nor where no datagram came", () => {
    expect(section(text(stallReport()), "QUIC")).toBe("");
    const none = { datagrams: 0, bytes: 0 };
    const silent = { connections: { opened: 0, mostActive: 0, failed: {} }, datagrams: { client: none, server: none } };
    expect(section(text(probe(silent)), "QUIC")).toBe("");
  });

  it("goes service by service in a capture, and says what it could not read", () => {
    const said = section(text(quicCapture(), 100), "QUIC");
    expect(said).toMatch(/^ {2}h3 192\.0\.2\.7:443\n {2}spoken +v1, h3/m);
    expect(said).toMatch(/^ {2}quic 198\.51\.100\.9:443\n {2}spoken +v1 \(11\) v2 \(1\), one of h3, h3-29/m);
    expect(said).toMatch(/unread +3952 of 4000 packets could not be decrypted: 12 connections: no key log was given/);
    expect(said).toMatch(/^ {2}quic 198\.51\.100\.9:443 +42\.0 ms +– +– +– +22,9\d\d us$/m);
    expect(text(quicCapture())).toMatch(/^ {2}packets +5000 \(none TCP, 5000 QUIC\)/m);
  });
});

describe("the transport parameters", () => {
  it("are all there, each once, in units that people read", () => {
    const said = section(text(quicCapture()), "Transport parameters");
    for (const words of [
      /^ +server +client$/m,
      /^ {2}max_idle_timeout +30\.0 s +–$/m,
      /^ {2}initial_max_data +1 MiB +1 MiB$/m,
      /^ {2}max_ack_delay +– +25\.0 ms$/m,
      /^ {2}grease_quic_bit +yes +–$/m,
      /^ {2}stateless_reset_token: server 9a3c5e7f01234567890abcdef0123456$/m,
    ]) {
      expect(said).toMatch(words);
    }
    const server = quicCapture().runs[0]?.quic?.transportParameters.server ?? {};
    for (const name of Object.keys(server)) expect(said).toContain(name);
  });

  it("are told again only where they differ in more than what each connection has of its own", () => {
    const server = quicFacts().transportParameters.server ?? {};
    const other = {
      client: null,
      server: { ...server, stateless_reset_token: "00", initial_source_connection_id: "11" },
    };
    expect(section(text(probe({}, { transportParameters: other })), "Transport parameters")).not.toContain("streams=");
    const larger = { client: null, server: { ...server, initial_max_data: 5 } };
    const said = section(text(probe({}, { transportParameters: larger })), "Transport parameters");
    expect(said).toMatch(/streams=1\n[\s\S]*initial_max_data +1 MiB[\s\S]*streams=10\n[\s\S]*initial_max_data +5 B/);
  });
});

describe("HTTP/3 beside HTTP/2 and HTTP/1.1", () => {
  it("stands in one table, with what each request stalled", () => {
    const said = section(text(sideBySideReport()), "Side by side");
    expect(said).toMatch(/^ +p50 +p90 +p99 +max +stalled p50 +p99 +p99$/m);
    expect(said).toMatch(/^ {2}HTTP\/3 +42\.\d ms +42\.\d ms +9\d\.\d ms .* ━{3}$/m);
    expect(said).toMatch(/^ {2}HTTP\/2 .* ━{11}$/m);
    expect(said).toMatch(/^ {2}HTTP\/1\.1 /m);
    expect(markdown(sideBySideReport())).toContain("|  | p50 | p90 | p99 | max | stalled p50 | p99 |");
  });

  it("is not there for one protocol alone", () => {
    const of = sideBySideReport();
    expect(text({ ...of, runs: of.runs.slice(0, 1) })).not.toContain("Side by side\n");
    expect(text(earlyDataReport())).not.toContain("Side by side\n");
  });

  it("keeps combinations of other factors apart, and tells two of one protocol from each other", () => {
    const of = sideBySideReport();
    const [h3, h2, h1] = of.runs as [Report["runs"][number], Report["runs"][number], Report["runs"][number]];
    const many = [h3, h2, h1].map((run) => ({ ...run, id: `${run.id}0`, factors: { ...run.factors, streams: 100 } }));
    const early = { ...h3, id: "early", factors: { ...h3.factors, "early-data": "on" } };
    const late = { ...h3, factors: { ...h3.factors, "early-data": "off" } };
    const said = section(text({ ...of, runs: [late, early, h2, h1, ...many] }, 120), "Side by side");
    expect(said).toMatch(/^ {2}10 +HTTP\/3 early-data=on /m);
    expect(said).toMatch(/^ {2}100 +HTTP\/3 +/m);
    expect(said.match(/^ {2}100? /gm)).toHaveLength(7);
  });
});

describe("every page with QUIC", () => {
  it("keeps to the width, and to ASCII where the terminal has no more", () => {
    for (const of of [earlyDataReport(), sideBySideReport(), quicCapture()]) {
      for (const columns of [40, 48, 60, 80, 100, 160]) {
        const page = text(of, columns);
        expect(page.split("\n").filter((line) => displayWidth(line) > columns)).toEqual([]);
      }
      expect(text(of, 80, false)).toMatch(/^[\n -~]+$/);
    }
  });

  it("has the same sections in Markdown and in HTML", () => {
    for (const title of ["QUIC", "Transport parameters", "Side by side"]) {
      expect(markdown(sideBySideReport())).toContain(`\n## ${title}\n`);
      expect(html(sideBySideReport())).toContain(`<h2>${title}</h2>`);
    }
    expect(html(sideBySideReport())).toMatch(/<title>HTTP\/3: p99 97\.\d ms<\/title>/);
    const page = markdown(earlyDataReport());
    expect(page).toContain("| client hello to retry | 40.3 ms |");
    expect(page).toContain("| cell | handshake p50 | RTT min | p50 | p99 |");
    expect(page).toContain("- **0-RTT** early-data=on retry=off: sent on 50 of 50 connections");
    expect(page).toContain("| max\\_idle\\_timeout | `30.0 s` |".replaceAll("\\_", "_"));
    expect(page).toMatch(/\| datagrams\/request \|/);
    expect(page).not.toMatch(/segments\/request/);
  });

  it("shows names from the wire as text, whatever they hold", () => {
    const evil = "\u001b[31m|<b>**";
    const of = probe({
      sni: { [evil]: 1 },
      closes: { [`server: ${evil}`]: 1 },
      transportParameters: { client: null, server: { user_agent: evil } },
    });
    for (const page of [text(of), markdown(of), html(of)]) expect(page).not.toContain("\u001b");
    expect(markdown(of)).toContain(String.raw`&lt;b&gt;\*\*`);
    expect(html(of)).not.toContain("<b>**");
  });

  it("counts datagrams, connections and ACKs for what they are", () => {
    const page = text(earlyDataReport());
    expect(page).toMatch(/delayed 50 of 50 connections/);
    expect(page).toMatch(/wire: datagrams \(d\) per request/);
    expect(text(sideBySideReport())).toMatch(/datagrams \(d\), or writes \(w\) and TCP segments \(s\) per request/);
    expect(text(sideBySideReport())).toMatch(/delayed 58 of 1000 requests/);
  });
});
