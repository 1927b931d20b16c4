/** What is known of a flow where its requests begin to be read (../flows/pipelining.ts). */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Side } from "../flows/flow-events.js";
import type { Moment } from "./moments.js";
import type { Pipelined } from "./reading.js";
import type { Trouble } from "./stream-exchange.js";

export interface PipelineStart {
  readonly client: Side;
  readonly kind: Pipelined;
  /** Sequence numbers of the next bytes of both ends. */
  readonly firstSeq: Readonly<Record<Sender, number>>;
  /** A hold, a resend or a window stall was told since the last exchange. */
  readonly eventful: boolean;
  /** It was read before, up to a gap. */
  readonly again: boolean;
  readonly outstanding: Outstanding | undefined;
}

/** The one request that was sent before a connection began to be read, and is not answered yet. */
export interface Outstanding {
  readonly began: Moment;
  /** When its last byte came. */
  readonly lastNs: number;
  readonly bytes: number;
  readonly segments: number;
  /** Segments that were followed by more of it although they were not full. */
  readonly smallSegments: number;
  /** Of HTTP/1.1: what matters is whether it is HEAD. */
  readonly method: string;
  readonly troubles: readonly Trouble[];
  /** The first segment that is read brings its end. */
  readonly endsInNext: boolean;
}
