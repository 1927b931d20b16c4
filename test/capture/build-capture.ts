/** Captures made in memory: packets in, file bytes out. Everything a reader must cope with can be asked for. */

export interface BuiltPacket {
  readonly bytes: Uint8Array;
  /** Default: one millisecond after its predecessor, the first at START_NS. */
  readonly epochNs?: bigint;
  /** Default: as many as were captured. */
  readonly originalLength?: number;
  /** pcapng: number of its interface. Default 0. */
  readonly interface?: number;
}

/** 2023-11-14T22:13:20Z. */
export const START_NS = 1_700_000_000_000_000_000n;
const MILLISECOND_NS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const ETHERNET = 1;

export interface PcapOptions {
  readonly bigEndian?: boolean;
  /** Default: microseconds. `modified`: microseconds in Kuznetzov's longer record headers. */
  readonly variant?: "microseconds" | "nanoseconds" | "modified";
  /** The whole field, FCS bits and all. Default: Ethernet. */
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly version?: readonly [number, number];
}

const MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d, modified: 0xa1b2cd34 } as const;

/** A classic pcap file. */
export function pcapFile(packets: readonly BuiltPacket[], options: PcapOptions = {}): Uint8Array {
  const file = new Bytes(options.bigEndian ?? false);
  const variant = options.variant ?? "microseconds";
  const [major, minor] = options.version ?? [2, 4];
  file.u32(MAGIC[variant]).u16(major).u16(minor).u32(0).u32(0);
  file.u32(options.snapLength ?? 262_144).u32(options.linkType ?? ETHERNET);
  packets.forEach((packet, index) => {
    const at = timeOf(packet, index);
    const fraction = at % NS_PER_S;
    file.u32(Number(at / NS_PER_S)).u32(Number(variant === "nanoseconds" ? fraction : fraction / 1000n));
    file.u32(packet.bytes.length).u32(packet.originalLength ?? packet.bytes.length);
    if (variant === "modified") file.u32(1).u32(0);
    file.raw(packet.bytes);
  });
  return file.bytes();
}

export interface BuiltInterface {
  readonly linkType?: number;
  readonly snapLength?: number;
  /** The option's byte: 6 for microseconds, 9 for nanoseconds, 0x80 + n for 2^-n s. Default: no option. */
  readonly resolution?: number;
  readonly offsetSeconds?: bigint;
}

export interface PcapngOptions {
  readonly bigEndian?: boolean;
  /** Default: one, Ethernet, nanoseconds. */
  readonly interfaces?: readonly BuiltInterface[];
  readonly packetBlock?: "enhanced" | "simple" | "obsolete";
  /** Whole blocks between the interfaces and the packets, and after them. */
  readonly before?: readonly Uint8Array[];
  readonly after?: readonly Uint8Array[];
}

/** One section of a pcapng file; several, concatenated, are a file too. */
export function pcapngFile(packets: readonly BuiltPacket[], options: PcapngOptions = {}): Uint8Array {
  const bigEndian = options.bigEndian ?? false;
  const interfaces = options.interfaces ?? [{ resolution: 9 }];
  return joined([
    sectionHeader(bigEndian),
    ...interfaces.map((one) => interfaceBlock(one, bigEndian)),
    ...(options.before ?? []),
    ...packets.map((packet, index) => packetBlock(packet, index, interfaces, options)),
    ...(options.after ?? []),
  ]);
}

function sectionHeader(bigEndian: boolean): Uint8Array {
  const body = new Bytes(bigEndian).u32(0x1a2b3c4d).u16(1).u16(0).u32(0xffff_ffff).u32(0xffff_ffff);
  return pcapngBlock(0x0a0d0d0a, body.bytes(), bigEndian);
}

function interfaceBlock(one: BuiltInterface, bigEndian: boolean): Uint8Array {
  const body = new Bytes(bigEndian)
    .u16(one.linkType ?? ETHERNET)
    .u16(0)
    .u32(one.snapLength ?? 0);
  // A name first, whose length is no multiple of 4: options are padded.
  body.u16(2).u16(5).raw(new TextEncoder().encode("veth0")).pad();
  if (one.resolution !== undefined) body.u16(9).u16(1).raw(Uint8Array.of(one.resolution)).pad();
  if (one.offsetSeconds !== undefined) body.u16(14).u16(8).u64(one.offsetSeconds);
  return pcapngBlock(1, body.u16(0).u16(0).bytes(), bigEndian);
}

function packetBlock(
  packet: BuiltPacket,
  index: number,
  interfaces: readonly BuiltInterface[],
  options: PcapngOptions,
): Uint8Array {
  const bigEndian = options.bigEndian ?? false;
  const id = packet.interface ?? 0;
  const length = packet.originalLength ?? packet.bytes.length;
  const body = new Bytes(bigEndian);
  if (options.packetBlock === "simple") {
    return pcapngBlock(3, body.u32(length).raw(packet.bytes).pad().bytes(), bigEndian);
  }
  const units = BigInt.asUintN(64, unitsOf(timeOf(packet, index), interfaces[id] ?? {}));
  if (options.packetBlock === "obsolete") body.u16(id).u16(0xffff);
  else body.u32(id);
  body
    .u32(Number(units >> 32n))
    .u32(Number(units & 0xffff_ffffn))
    .u32(packet.bytes.length)
    .u32(length);
  return pcapngBlock(options.packetBlock === "obsolete" ? 2 : 6, body.raw(packet.bytes).pad().bytes(), bigEndian);
}

function unitsOf(epochNs: bigint, { resolution = 6, offsetSeconds = 0n }: BuiltInterface): bigint {
  const perSecond = resolution >= 0x80 ? 2n ** BigInt(resolution - 0x80) : 10n ** BigInt(resolution);
  return ((epochNs - offsetSeconds * NS_PER_S) * perSecond) / NS_PER_S;
}

/** An interface statistics block with isb_ifdrop and isb_osdrop. */
export function statisticsBlock(id: number, ifdrop: bigint, osdrop: bigint, bigEndian = false): Uint8Array {
  const body = new Bytes(bigEndian).u32(id).u32(0).u32(0).u16(5).u16(8).u64(ifdrop).u16(7).u16(8).u64(osdrop);
  return pcapngBlock(5, body.u16(0).u16(0).bytes(), bigEndian);
}

/** Any block around a body whose length is a multiple of 4. */
export function pcapngBlock(type: number, body: Uint8Array, bigEndian = false): Uint8Array {
  const length = body.length + 12;
  return new Bytes(bigEndian).u32(type).u32(length).raw(body).u32(length).bytes();
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function timeOf(packet: BuiltPacket, index: number): bigint {
  return packet.epochNs ?? START_NS + BigInt(index) * MILLISECOND_NS;
}

/** Grows as it is written to. */
class Bytes {
  #parts: Uint8Array[] = [];
  #length = 0;
  readonly #littleEndian: boolean;

  constructor(bigEndian: boolean) {
    this.#littleEndian = !bigEndian;
  }

  u16(value: number): this {
    return this.#number(2, (view) => view.setUint16(0, value, this.#littleEndian));
  }

  u32(value: number): this {
    return this.#number(4, (view) => view.setUint32(0, value, this.#littleEndian));
  }

  u64(value: bigint): this {
    return this.#number(8, (view) => view.setBigUint64(0, BigInt.asUintN(64, value), this.#littleEndian));
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  /** Zeros up to a multiple of 4. */
  pad(): this {
    return this.raw(new Uint8Array(-this.#length & 3));
  }

  bytes(): Uint8Array {
    return joined(this.#parts);
  }

  #number(bytes: number, write: (view: DataView) => void): this {
    const part = new Uint8Array(bytes);
    write(new DataView(part.buffer));
    return this.raw(part);
  }
}
