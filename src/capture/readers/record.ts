/**
 * A captured packet as the file holds it. There is one per reader, filled anew for each packet: its bytes lie in the reader's
 * buffer and are valid until the sink returns. (Per packet nothing is allocated; `npm run bench -- pcap` watches it.)
 */
export class CaptureRecord {
  /** From 1, over the whole file, as Wireshark counts. */
  number = 0;
  /** Nanoseconds since the first packet of the capture; negative where time ran backwards. */
  atNs = Number.NaN;
  /** LINKTYPE_ value (tcpdump.org/linktypes.html), without FCS bits. */
  linkType = 0;
  /** The packet is `bytes[start, start + capturedLength)`. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  capturedLength = 0;
  /** On the wire; at least capturedLength, whatever the file claims. */
  originalLength = 0;
}

const EMPTY = new Uint8Array(0);

export type RecordSink = (record: CaptureRecord) => void;

/**
 * Takes the body of a pcapng Decryption Secrets Block; its bytes are valid until it returns.
 * @returns whether they are secrets that it can use
 */
export type SecretsSink = (body: Uint8Array, littleEndian: boolean) => boolean;

/** Where and why reading ended before the end of the file. */
export interface Damage {
  /** Offset in the uncompressed file. */
  readonly atByte: number;
  /** Number of the last packet that was read. */
  readonly afterPacket: number;
  readonly says: string;
}

export interface CaptureSummary {
  readonly format: "pcap" | "pcapng";
  /** For people: `pcap, little-endian, nanoseconds`. */
  readonly variant: string;
  readonly linkTypes: readonly number[];
  readonly packets: number;
  /** Captured bytes of all packets. */
  readonly capturedBytes: number;
  /** Nanoseconds since the epoch of the first packet; null without packets. */
  readonly firstPacketEpochNs: bigint | null;
  /** Largest atNs. */
  readonly durationNs: number;
  readonly snapLength: number | null;
  /** Packets the capturing machine dropped, from interface statistics; null: not told. */
  readonly dropped: number | null;
  /** Blocks or records that were passed over, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly damage: Damage | null;
  /** Packets whose time is before their predecessor's. */
  readonly backwards: number;
}

/**
 * Takes a file's uncompressed bytes in chunks of any size and hands every packet to the sink, in order, synchronously.
 * Never throws, whatever the bytes: damage ends the reading and stands in the summary. A chunk must not be changed before
 * the next call; a packet that straddles two chunks is put together in a buffer of the reader's own, bounded by the largest
 * packet it believes in (262,144 bytes).
 */
export interface CaptureReader {
  /** Damage has ended the reading: more input changes nothing. */
  readonly finished: boolean;
  push(chunk: Uint8Array): void;
  /** The input is over. */
  end(): CaptureSummary;
}
