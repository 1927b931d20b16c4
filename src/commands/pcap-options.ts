import type { ReaderName } from "../capture/readers/formats.js";
import type { Ns } from "../units/duration.js";
import type { EmitOptions } from "./ui.js";

/** The flags of `netlat pcap`, read and checked. */
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
}
