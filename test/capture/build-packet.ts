/** Packets by hand, from the inside out: `ethernet(ipv4(tcp({ flags: SYN })))`. Checksums stay 0: nobody judges them. */
import { parseAddress } from "../../src/capture/decode/address.js";
import { CaptureRecord } from "../../src/capture/readers/record.js";

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

/** Bytes, ASCII text, or so many bytes of filling. */
export type Payload = Uint8Array | string | number;

export function payloadBytes(payload: Payload = ""): Uint8Array {
  if (typeof payload === "number") return new Uint8Array(payload).fill(0x78);
  return typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
}

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];

const reversed = (bytes: readonly number[]): number[] => [...bytes].reverse();

/** The last 4 or all 16 bytes of an address. */
function addressBytes(text: string): number[] {
  const words = parseAddress(text);
  if (words === null) throw new Error(`not an address: ${text}`);
  return text.includes(":") ? words.flatMap(u32) : u32(words[3]);
}

// Transport

export interface TcpOptions {
  readonly mss?: number;
  readonly windowScale?: number;
  readonly sackPermitted?: boolean;
  /** Value and echo. */
  readonly timestamps?: readonly [number, number];
  /** Left and right edges. */
  readonly sack?: readonly (readonly [number, number])[];
}

/** Option bytes, filled up with NOPs in front as Linux does, to a multiple of four. */
function tcpOptions(options: TcpOptions): Uint8Array {
  const bytes: number[] = [];
  const add = (...option: number[]) => {
    while ((bytes.length + option.length) % 4 !== 0) bytes.push(1);
    bytes.push(...option);
  };
  if (options.mss !== undefined) add(2, 4, ...u16(options.mss));
  if (options.sackPermitted === true) add(4, 2);
  if (options.timestamps !== undefined) add(8, 10, ...options.timestamps.flatMap(u32));
  if (options.windowScale !== undefined) add(3, 3, options.windowScale);
  if (options.sack !== undefined) add(5, 2 + 8 * options.sack.length, ...options.sack.flat().flatMap(u32));
  return Uint8Array.from(bytes);
}

export interface TcpFields {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: TcpOptions | Uint8Array;
  readonly payload?: Payload;
  /** In words of four bytes; by default what the options need. */
  readonly dataOffset?: number;
}

export function tcp(fields: TcpFields = {}): Uint8Array {
  const options = fields.options instanceof Uint8Array ? fields.options : tcpOptions(fields.options ?? {});
  const dataOffset = fields.dataOffset ?? 5 + Math.ceil(options.length / 4);
  return join(
    u16(fields.srcPort ?? 40_000),
    u16(fields.dstPort ?? 11_211),
    u32(fields.seq ?? 0),
    u32(fields.ack ?? 0),
    [dataOffset << 4, fields.flags ?? ACK],
    u16(fields.window ?? 65_535),
    u32(0),
    options,
    payloadBytes(fields.payload),
  );
}

export interface UdpFields {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly payload?: Payload;
}

export function udp(fields: UdpFields = {}): Uint8Array {
  const payload = payloadBytes(fields.payload);
  return join(u16(fields.srcPort ?? 40_000), u16(fields.dstPort ?? 53), u16(8 + payload.length), u16(0), payload);
}

// Network

export interface Ipv4Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  /** By default what it is. */
  readonly totalLength?: number;
  readonly moreFragments?: boolean;
  /** In units of eight bytes. */
  readonly fragmentOffset?: number;
  /** A multiple of four bytes. */
  readonly options?: Uint8Array;
}

export function ipv4(payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const headerLength = 20 + options.length;
  const fragment = (fields.moreFragments === true ? 0x2000 : 0) | (fields.fragmentOffset ?? 0);
  return join(
    [0x40 | (headerLength / 4), 0],
    u16(fields.totalLength ?? headerLength + payload.length),
    u16(1),
    // Don't fragment, as every TCP of today asks; absent on what is a fragment.
    u16(fragment === 0 ? 0x4000 : fragment),
    [64, fields.protocol ?? 6],
    u16(0),
    addressBytes(fields.src ?? "10.0.0.1"),
    addressBytes(fields.dst ?? "10.0.0.2"),
    options,
    payload,
  );
}

export interface Ipv6Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly nextHeader?: number;
  readonly payloadLength?: number;
}

export function ipv6(payload: Uint8Array, fields: Ipv6Fields = {}): Uint8Array {
  return join(
    u32(0x6000_0000),
    u16(fields.payloadLength ?? payload.length),
    [fields.nextHeader ?? 6, 64],
    addressBytes(fields.src ?? "2001:db8::1"),
    addressBytes(fields.dst ?? "2001:db8::2"),
    payload,
  );
}

/** Hop-by-hop, routing or destination options of `units` * 8 bytes. */
export function extension(nextHeader: number, units: number, payload: Uint8Array): Uint8Array {
  return join([nextHeader, units - 1, 1, units * 8 - 4], new Uint8Array(units * 8 - 4), payload);
}

export function fragmentHeader(nextHeader: number, offset: number, more: boolean, payload: Uint8Array): Uint8Array {
  return join([nextHeader, 0], u16((offset << 3) | (more ? 1 : 0)), u32(7), payload);
}

/** With an integrity value of 12 bytes. */
export function authenticationHeader(nextHeader: number, payload: Uint8Array): Uint8Array {
  return join([nextHeader, 4, 0, 0], u32(1), u32(2), new Uint8Array(12), payload);
}

// Link

const etherTypeOf = (packet: Uint8Array): number => (packet[0]! >> 4 === 6 ? 0x86dd : 0x0800);

export interface EthernetFields {
  /** By default told from the packet's version. */
  readonly etherType?: number;
  /** VLAN tags, outermost first: type and id. */
  readonly tags?: readonly (readonly [number, number])[];
  /** Least length of the frame; Ethernet's is 60 without the checksum. */
  readonly padTo?: number;
  readonly src?: number;
}

export function ethernet(packet: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const frame = join(
    [2, 0, 0, 0, 0, 3 - (fields.src ?? 1)],
    [2, 0, 0, 0, 0, fields.src ?? 1],
    (fields.tags ?? []).flatMap(([type, id]) => [...u16(type), ...u16(id)]),
    u16(fields.etherType ?? etherTypeOf(packet)),
    packet,
  );
  return join(frame, new Uint8Array(Math.max(0, (fields.padTo ?? 0) - frame.length)).fill(0xee));
}

export const snap = (packet: Uint8Array): Uint8Array =>
  ethernet(join([0xaa, 0xaa, 3, 0, 0, 0], u16(etherTypeOf(packet)), packet), { etherType: 8 + packet.length });
export const linuxCooked = (packet: Uint8Array, type = etherTypeOf(packet)): Uint8Array =>
  join(u16(0), u16(1), u16(6), [2, 0, 0, 0, 0, 1, 0, 0], u16(type), packet);
export const linuxCooked2 = (packet: Uint8Array, type = etherTypeOf(packet)): Uint8Array =>
  join(u16(type), u16(0), u32(2), u16(1), [0, 6], [2, 0, 0, 0, 0, 1, 0, 0], packet);
export const addressFamily = (family: number, order: "big" | "little", packet: Uint8Array): Uint8Array =>
  join(order === "big" ? u32(family) : reversed(u32(family)), packet);
export const ppp = (packet: Uint8Array): Uint8Array =>
  join([0xff, 3], u16(etherTypeOf(packet) === 0x86dd ? 0x57 : 0x21), packet);
export const pppoe = (packet: Uint8Array): Uint8Array =>
  join([0x11, 0], u16(1), u16(packet.length + 2), u16(etherTypeOf(packet) === 0x86dd ? 0x57 : 0x21), packet);
export const hdlc = (packet: Uint8Array): Uint8Array => join([0x0f, 0], u16(etherTypeOf(packet)), packet);
export const mpls = (packet: Uint8Array, labels = 2): Uint8Array =>
  join(
    Array.from({ length: labels }, (_, index) => u32((16 << 12) | (index === labels - 1 ? 0x100 : 0) | 64)).flat(),
    packet,
  );

// Tunnels

export const vxlan = (frame: Uint8Array, port = 4789): Uint8Array =>
  udp({ dstPort: port, payload: join(u32(0x0800_0000), u32(42 << 8), frame) });
export const geneve = (frame: Uint8Array, options = 0): Uint8Array =>
  udp({ dstPort: 6081, payload: join([options, 0], u16(0x6558), u32(42 << 8), new Uint8Array(options * 4), frame) });

export interface GreFields {
  readonly type?: number;
  readonly checksum?: boolean;
  readonly key?: boolean;
  readonly sequence?: boolean;
}

export function gre(packet: Uint8Array, fields: GreFields = {}): Uint8Array {
  const { checksum = false, key = false, sequence = false } = fields;
  return join(
    u16((checksum ? 0x8000 : 0) | (key ? 0x2000 : 0) | (sequence ? 0x1000 : 0)),
    u16(fields.type ?? etherTypeOf(packet)),
    checksum ? u32(0) : [],
    key ? u32(42) : [],
    sequence ? u32(1) : [],
    packet,
  );
}

// Record

export interface RecordFields {
  readonly number?: number;
  readonly atNs?: number;
  readonly linkType?: number;
  /** Cut by the snap length. */
  readonly capturedLength?: number;
  /** By default all of `bytes`. */
  readonly originalLength?: number;
}

export function record(bytes: Uint8Array, fields: RecordFields = {}): CaptureRecord {
  return Object.assign(new CaptureRecord(), {
    number: fields.number ?? 1,
    atNs: fields.atNs ?? 0,
    linkType: fields.linkType ?? 1,
    bytes,
    start: 0,
    capturedLength: fields.capturedLength ?? bytes.length,
    originalLength: fields.originalLength ?? bytes.length,
  });
}
