/** A scripted TCP connection: who says what and when; sequence numbers, ACKs and options keep themselves. */
import type { CaptureRecord } from "../../src/capture/readers/record.js";
import {
  ACK,
  ethernet,
  FIN,
  ipv4,
  ipv6,
  type Payload,
  PSH,
  payloadBytes,
  RST,
  record,
  SYN,
  type TcpOptions,
  tcp,
} from "./build-packet.js";

export type Who = "client" | "server";

export interface Frame {
  readonly atNs: number;
  /** An Ethernet frame. */
  readonly bytes: Uint8Array;
}

export interface EndFields {
  readonly address?: string;
  readonly port?: number;
  /** Initial sequence number. */
  readonly isn?: number;
  readonly mss?: number;
  /** Not offered: no scaling. */
  readonly windowScale?: number;
  /** As it stands in the header. */
  readonly window?: number;
}

export interface ConversationFields {
  readonly client?: EndFields;
  readonly server?: EndFields;
  readonly startNs?: number;
  /** Timestamp options, in milliseconds; by default none. */
  readonly timestamps?: boolean;
  /** SACK permitted in the handshake. */
  readonly sack?: boolean;
  /** Frames go here, so that several conversations can share a capture. */
  readonly into?: Frame[];
}

/** Overrides of what the bookkeeping would put into a segment. */
export interface SegmentFields {
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: TcpOptions;
  /** The segment is on its way but not in the capture (lost before the capture point). */
  readonly unseen?: boolean;
}

/** What was sent, to be sent again or acknowledged by hand. */
export interface Segment {
  readonly from: Who;
  readonly seq: number;
  readonly payload: Uint8Array;
  /** Sequence number behind it. */
  readonly end: number;
  /** Its place in `frames` from 1, as packets are numbered in a capture of this conversation alone; 0: unseen. */
  readonly number: number;
}

interface End {
  readonly address: string;
  readonly port: number;
  readonly fields: EndFields;
  /** Next sequence number to send. */
  next: number;
  window: number;
}

export class Conversation {
  readonly frames: Frame[];
  nowNs: number;
  readonly #ends: Record<Who, End>;
  readonly #fields: ConversationFields;

  constructor(fields: ConversationFields = {}) {
    this.#fields = fields;
    this.frames = fields.into ?? [];
    this.nowNs = fields.startNs ?? 0;
    this.#ends = {
      client: end(fields.client ?? {}, "10.0.0.1", 40_000, 1000),
      server: end(fields.server ?? {}, "10.0.0.2", 11_211, 5_000_000),
    };
  }

  /** Lets time pass. */
  wait(durationNs: number): this {
    this.nowNs += durationNs;
    return this;
  }

  /** SYN, SYN-ACK after `serverLegNs`, ACK after `clientLegNs`: the capture point stands between the two legs. */
  handshake(serverLegNs = 50_000, clientLegNs = 50_000): this {
    this.syn("client");
    this.wait(serverLegNs).syn("server");
    this.wait(clientLegNs).ack("client");
    return this;
  }

  /** SYN from the client, SYN-ACK from the server. */
  syn(from: Who, fields: SegmentFields = {}): Segment {
    const { mss = 1460, windowScale } = this.#ends[from].fields;
    const options: TcpOptions = {
      mss,
      ...(windowScale === undefined ? {} : { windowScale }),
      ...(this.#fields.sack === true ? { sackPermitted: true } : {}),
    };
    return this.#emit(from, "", { flags: from === "client" ? SYN : SYN | ACK, options, ...fields });
  }

  /** Data: PSH and ACK of all that was sent to this end so far. */
  send(from: Who, payload: Payload, fields: SegmentFields = {}): Segment {
    return this.#emit(from, payload, { flags: PSH | ACK, ...fields });
  }

  /** A pure ACK of all that was sent to this end so far, unless `fields.ack` says less. */
  ack(from: Who, fields: SegmentFields = {}): Segment {
    return this.#emit(from, "", fields);
  }

  /** The same bytes with the same sequence number. */
  resend(segment: Segment, fields: SegmentFields = {}): Segment {
    return this.#emit(segment.from, segment.payload, { flags: PSH | ACK, ...fields, seq: segment.seq });
  }

  fin(from: Who, fields: SegmentFields = {}): Segment {
    return this.#emit(from, "", { flags: FIN | ACK, ...fields });
  }

  reset(from: Who, fields: SegmentFields = {}): Segment {
    return this.#emit(from, "", { flags: RST | ACK, ...fields });
  }

  /** Advertised in this end's segments from now on. */
  setWindow(of: Who, window: number): this {
    this.#ends[of].window = window;
    return this;
  }

  /** The next sequence number that this end will send. */
  nextSeq(of: Who): number {
    return this.#ends[of].next;
  }

  /** All frames, as a reader would hand them over. */
  records(): CaptureRecord[] {
    return toRecords(this.frames);
  }

  #emit(from: Who, data: Payload, fields: SegmentFields): Segment {
    const [self, peer] =
      from === "client" ? [this.#ends.client, this.#ends.server] : [this.#ends.server, this.#ends.client];
    const payload = payloadBytes(data);
    const seq = (fields.seq ?? self.next) >>> 0;
    const flags = fields.flags ?? ACK;
    const behind = (seq + payload.length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0)) >>> 0;
    if (((behind - self.next) | 0) > 0) self.next = behind;
    if (fields.unseen !== true) {
      const segment = tcp({
        srcPort: self.port,
        dstPort: peer.port,
        seq,
        ack: (flags & ACK) !== 0 ? (fields.ack ?? peer.next) : 0,
        flags,
        window: fields.window ?? self.window,
        options: { ...this.#timestamps(), ...fields.options },
        payload,
      });
      const ip = self.address.includes(":") ? ipv6 : ipv4;
      const packet = ip(segment, { src: self.address, dst: peer.address });
      this.frames.push({ atNs: this.nowNs, bytes: ethernet(packet, { src: from === "client" ? 1 : 2, padTo: 60 }) });
    }
    return { from, seq, payload, end: behind, number: fields.unseen === true ? 0 : this.frames.length };
  }

  #timestamps(): TcpOptions {
    const nowMs = Math.floor(this.nowNs / 1e6);
    return this.#fields.timestamps === true ? { timestamps: [1_000_000 + nowMs, 1_000_000 + nowMs] } : {};
  }
}

/** Frames in the order of time, numbered as a reader would. */
function toRecords(frames: readonly Frame[]): CaptureRecord[] {
  const ordered = [...frames].sort((one, other) => one.atNs - other.atNs);
  const startNs = ordered[0]?.atNs ?? 0;
  return ordered.map(({ atNs, bytes }, index) => record(bytes, { number: index + 1, atNs: atNs - startNs }));
}

function end(fields: EndFields, address: string, port: number, isn: number): End {
  return {
    address: fields.address ?? address,
    port: fields.port ?? port,
    fields,
    next: fields.isn ?? isn,
    window: fields.window ?? 65_535,
  };
}
