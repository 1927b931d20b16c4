import { Command } from "commander";
import { keepHeapSmall } from "../capture/ahead/small-heap.js";
import { addPcapOptions, type PcapOptions } from "./pcap-options.js";
import type { Ui } from "./ui.js";

/** `netlat pcap <file or ->`: find the stalls in a capture and their causes. */
export function pcapCommand(ui: Ui): Command {
  const command = new Command("pcap")
    .description("read a capture, find the stalls and their causes, per service and per flow")
    .argument("<file>", "a pcap or pcapng file, also compressed with gzip or zstd; - for standard input");
  return addPcapOptions(command).action(async (file: string, options: PcapOptions) => {
    keepHeapSmall();
    const { analyse } = await import("./pcap-run.js");
    await ui.emit(await analyse(file, options, ui), options);
  });
}
