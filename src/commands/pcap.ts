import { Command } from "commander";
import { READERS } from "../capture/readers/formats.js";
import { parseDuration } from "../units/duration.js";
import {
  formatOption,
  hlogOption,
  option,
  outputOption,
  readChoice,
  readCount,
  readPositiveDuration,
} from "./options.js";
import type { PcapOptions } from "./pcap-options.js";
import type { Ui } from "./ui.js";

/** `netlat pcap <file or ->`: find the stalls in a capture and their causes. */
export function pcapCommand(ui: Ui): Command {
  return new Command("pcap")
    .description("read a capture, find the stalls and their causes, per service and per flow")
    .argument("<file>", "a pcap or pcapng file, also compressed with gzip or zstd; - for standard input")
    .addOption(
      option(
        "--filter <expression>",
        "look only at these flows: host, port, net, proto with and, or, not; such as 'net 10.0.0.0/8 and not port 22'",
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
    .addOption(option("--every <duration>", "a summary line on standard error, again and again", readPositiveDuration))
    .addOption(
      option("--reader <name>", "netlat, or pcap-parser to hold ours against it", readChoice(READERS), "netlat"),
    )
    .addOption(formatOption())
    .addOption(outputOption())
    .addOption(hlogOption())
    .action(async (file: string, options: PcapOptions) => {
      const { analyse } = await import("./pcap-run.js");
      await ui.emit(await analyse(file, options, ui), options);
    });
}
