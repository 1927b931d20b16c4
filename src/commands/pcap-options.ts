/** The flags of `netlat pcap`, each read and checked where commander meets it. */
import type { Command } from "commander";
import { READERS, type ReaderName } from "../capture/readers/formats.js";
import { type Ns, parseDuration } from "../units/duration.js";
import {
  formatOption,
  hlogOption,
  option,
  outputOption,
  readChoice,
  readCount,
  readPositiveDuration,
} from "./options.js";
import type { EmitOptions } from "./ui.js";

export interface PcapOptions extends EmitOptions {
  readonly reader: ReaderName;
  readonly filter?: string;
  readonly service?: string;
  readonly from?: Ns;
  readonly to?: Ns;
  readonly threshold: Ns;
  readonly slowest: number;
  readonly flows: number;
  readonly maxFlows: number;
  readonly every?: Ns;
  readonly keylog?: string;
}

export function addPcapOptions(command: Command): Command {
  return command
    .addOption(
      option(
        "--filter <expression>",
        "look only at these flows: host, port, net, proto, tcp, quic with and, or, not; such as 'net 10.0.0.0/8 and not port 22'",
        (text) => text,
      ),
    )
    .addOption(option("--service <address:port>", "look only at this server, or at this port", (text) => text))
    .addOption(option("--from <duration>", "leave out what came earlier in the capture", parseDuration))
    .addOption(option("--to <duration>", "leave out what came later in the capture", readPositiveDuration))
    .addOption(
      option("--threshold <duration>", "a server that thinks this long is called slow", readPositiveDuration, "5ms"),
    )
    .addOption(option("--slowest <count>", "evidence for each finding: its worst exchanges", readCount(1, 100), "3"))
    .addOption(option("--flows <count>", "flows to list: those that lost most time", readCount(0, 10_000), "10"))
    .addOption(
      option(
        "--max-flows <count>",
        "flows to keep in mind at once; the longest silent makes room",
        readCount(16, 4_000_000),
        "100000",
      ),
    )
    .addOption(
      option(
        "--keylog <file>",
        "secrets of TLS and QUIC connections, as SSLKEYLOGFILE or netlat probe --keylog-out writes them: what is inside becomes exchanges",
        (text) => text,
      ),
    )
    .addOption(option("--every <duration>", "a summary line on standard error, again and again", readPositiveDuration))
    .addOption(
      option("--reader <name>", "netlat, or pcap-parser to hold ours against it", readChoice(READERS), "netlat"),
    )
    .addOption(formatOption())
    .addOption(outputOption())
    .addOption(hlogOption());
}
