/** The captures in fixtures/captures/tls, as Wireshark's dissectors read them: as many requests as the truth says, and as we read. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { onlyIf } from "../skip.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/captures/tls/", import.meta.url));
const TSHARK = "tshark";
const hasTshark = spawnSync(TSHARK, ["--version"]).status === 0;
const names = readdirSync(FOLDER).flatMap((name) => (name.endsWith(".pcap") ? [name.slice(0, -5)] : []));
/** Requests that were sent as early data, and rejected: nobody answered them. */
const REJECTED: Readonly<Record<string, number>> = { "tls13-early-data-retry": 1 };

function fieldsOf(name: string, field: string): string[] {
  const keys = `tls.keylog_file:${FOLDER}${name}.keys`;
  const args = [
    "-r",
    `${FOLDER}${name}.pcap`,
    "-o",
    keys,
    "-d",
    "tcp.port==8443,tls",
    "-Y",
    field,
    "-T",
    "fields",
    "-e",
    field,
  ];
  const text = execFileSync(TSHARK, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return text.split(/[\n,]/).filter((value) => value !== "");
}

describe("tshark sees the requests and statuses", onlyIf(hasTshark, "tshark is not installed"), () => {
  it.each(names)("%s", (name) => {
    const { protocol, exchanges } = JSON.parse(readFileSync(`${FOLDER}${name}.truth.json`, "utf8"));
    const isH2 = protocol === "h2";
    const requests = fieldsOf(name, isH2 ? "http2.headers.method" : "http.request.method");
    expect(requests).toHaveLength(exchanges.length + (REJECTED[name] ?? 0));
    const statuses = fieldsOf(name, isH2 ? "http2.headers.status" : "http.response.code").map(Number);
    const told: number[] = exchanges.map(({ status }: { status: number }) => status);
    expect(statuses.sort()).toEqual(told.sort());
  });
});
