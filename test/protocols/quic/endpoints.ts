/** Two ends that protect packets as RFC 9001 says, written against its text: what the conversation opens is not sealed by its own code. */
import { type CipherGCMTypes, createCipheriv, createHmac } from "node:crypto";
import { expandLabel } from "../../../src/protocols/tls/key-schedule.js";

export type Bytes = Uint8Array | readonly number[];
export type Level = "initial" | "0-rtt" | "handshake" | "1-rtt";
export type From = "client" | "server";

export const hex = (text: string): Buffer => Buffer.from(text, "hex");
const SECRETS = {
  clientEarly: Buffer.alloc(32, 1),
  clientHandshake: Buffer.alloc(32, 2),
  serverHandshake: Buffer.alloc(32, 3),
  clientTraffic: Buffer.alloc(32, 4),
  serverTraffic: Buffer.alloc(32, 5),
};
const CLIENT_RANDOM = Buffer.alloc(32, 7);
export const KEY_LOG = [
  ["CLIENT_EARLY_TRAFFIC_SECRET", SECRETS.clientEarly],
  ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", SECRETS.clientHandshake],
  ["SERVER_HANDSHAKE_TRAFFIC_SECRET", SECRETS.serverHandshake],
  ["CLIENT_TRAFFIC_SECRET_0", SECRETS.clientTraffic],
  ["SERVER_TRAFFIC_SECRET_0", SECRETS.serverTraffic],
]
  .map(([label, secret]) => `${label} ${CLIENT_RANDOM.toString("hex")} ${secret?.toString("hex")}\n`)
  .join("");

const V1_SALT = hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
const TYPE_BITS = { initial: 0, "0-rtt": 1, handshake: 2 } as const;

export interface PacketOptions {
  readonly from: From;
  readonly level: Level;
  readonly number: number;
  readonly payload: Bytes;
  /** Of the client's first Initial. */
  readonly initialDcid?: Uint8Array;
  readonly dcid?: Uint8Array;
  readonly scid?: Uint8Array;
  readonly token?: Uint8Array;
  readonly spin?: boolean;
  /** How many key updates came before. */
  readonly updates?: number;
}

export const CLIENT_ID = hex("c1c1c1c1");
const SERVER_ID = hex("5e1a2b3c4d5e6f70");
export const FIRST_DCID = hex("0123456789abcdef");

/** A protected packet of AES-128-GCM, with a packet number of two bytes. */
export function seal(options: PacketOptions): Buffer {
  const { from, level, number, initialDcid = FIRST_DCID, spin = false, updates = 0 } = options;
  const first = secretOf(from, level, initialDcid);
  let secret = first;
  for (let i = 0; i < updates; i++) secret = expandLabel("sha256", secret, "quic ku", 32);
  const payload = Buffer.from([...options.payload, ...Array<number>(Math.max(0, 4 - options.payload.length)).fill(0)]);
  const header = headerOf(options, payload.length + 2 + 16, level === "1-rtt" ? shortByte(spin, updates % 2 === 1) : 0);
  const numberAt = header.length - 2;
  const nonce = Buffer.from(expandLabel("sha256", secret, "quic iv", 12));
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
  const key = expandLabel("sha256", secret, "quic key", 16);
  const cipher = createCipheriv("aes-128-gcm" as CipherGCMTypes, key, nonce);
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const packet = Buffer.concat([header, sealed]);
  const hp = createCipheriv("aes-128-ecb", expandLabel("sha256", first, "quic hp", 16), null);
  const mask = hp.update(packet.subarray(numberAt + 4, numberAt + 20));
  packet[0]! ^= mask[0]! & (level === "1-rtt" ? 0x1f : 0x0f);
  packet[numberAt]! ^= mask[1]!;
  packet[numberAt + 1]! ^= mask[2]!;
  return packet;
}

const shortByte = (spin: boolean, phase: boolean) => 0x41 | (spin ? 0x20 : 0) | (phase ? 0x04 : 0);

function headerOf(options: PacketOptions, length: number, shortFirst: number): Buffer {
  const { from, level, number } = options;
  const dcid = options.dcid ?? (from === "client" ? SERVER_ID : CLIENT_ID);
  const scid = options.scid ?? (from === "client" ? CLIENT_ID : SERVER_ID);
  const numberBytes = [(number >> 8) & 0xff, number & 0xff];
  if (level === "1-rtt") return Buffer.from([shortFirst, ...dcid, ...numberBytes]);
  const token = options.token ?? new Uint8Array(0);
  return Buffer.from([
    ...[0xc1 | (TYPE_BITS[level] << 4), 0, 0, 0, 1, dcid.length, ...dcid, scid.length, ...scid],
    ...(level === "initial" ? [...varint(token.length), ...token] : []),
    ...[0x40 | (length >> 8), length & 0xff, ...numberBytes],
  ]);
}

function secretOf(from: From, level: Level, initialDcid: Uint8Array): Uint8Array {
  if (level === "0-rtt") return SECRETS.clientEarly;
  if (level === "handshake") return SECRETS[`${from}Handshake`];
  if (level === "1-rtt") return SECRETS[`${from}Traffic`];
  const initial = createHmac("sha256", V1_SALT).update(initialDcid).digest();
  return expandLabel("sha256", initial, `${from} in`, 32);
}

export function varint(value: number): number[] {
  if (value < 0x40) return [value];
  if (value < 0x4000) return [0x40 | (value >> 8), value & 0xff];
  if (value < 0x40000000) return [0x80 | (value >>> 24), (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
  const high = Math.floor(value / 2 ** 32);
  const low = value >>> 0;
  return [high, low].flatMap((word, i) => [
    (word >>> 24) | (i === 0 ? 0xc0 : 0),
    (word >> 16) & 0xff,
    (word >> 8) & 0xff,
    word & 0xff,
  ]);
}

const vector = (lengthBytes: number, bytes: Bytes): number[] => [
  ...Array.from({ length: lengthBytes }, (_, i) => (bytes.length >> (8 * (lengthBytes - 1 - i))) & 0xff),
  ...bytes,
];
const u16 = (value: number) => [value >> 8, value & 0xff];
const extension = (type: number, content: Bytes) => [...u16(type), ...vector(2, content)];
const message = (type: number, body: Bytes) => [type, ...vector(3, body)];
const text = (string: string) => [...Buffer.from(string)];

export const parameter = (id: number, value: Bytes): number[] => [...varint(id), ...varint(value.length), ...value];

export function clientHello({ earlyData = false, parameters = [] as Bytes, alpn = "h3" } = {}): number[] {
  const extensions = [
    ...extension(0, vector(2, [0, ...vector(2, text("example.org"))])),
    ...extension(16, vector(2, vector(1, text(alpn)))),
    ...extension(43, vector(1, [3, 4])),
    ...(earlyData ? extension(42, []) : []),
    ...extension(57, parameters),
  ];
  const body = [3, 3, ...CLIENT_RANDOM, 0, ...vector(2, [0x13, 0x01]), 1, 0, ...vector(2, extensions)];
  return message(1, body);
}

export const serverHello = (suite = 0x1301): number[] =>
  message(2, [3, 3, ...Buffer.alloc(32, 9), 0, ...u16(suite), 0, ...vector(2, extension(43, [3, 4]))]);

export const encryptedExtensions = (parameters: Bytes = [], earlyData = false, alpn = "h3"): number[] =>
  message(
    8,
    vector(2, [
      ...extension(16, vector(2, vector(1, text(alpn)))),
      ...(earlyData ? extension(42, []) : []),
      ...extension(57, parameters),
    ]),
  );
export const finished = message(20, Buffer.alloc(32, 6));

export const frames = {
  ping: [0x01],
  crypto: (bytes: Bytes, offset = 0) => [0x06, ...varint(offset), ...varint(bytes.length), ...bytes],
  stream: (streamId: number, offset: number, data: Bytes, fin = false) => [
    0x0e | Number(fin),
    ...varint(streamId),
    ...varint(offset),
    ...varint(data.length),
    ...data,
  ],
  /** @param ranges from the highest down, both ends included */
  ack: (ranges: readonly (readonly [first: number, last: number])[], delay = 0) => {
    const [highest, ...more] = ranges;
    let below = highest![0];
    return [
      ...[0x02, ...varint(highest![1]), ...varint(delay), ...varint(more.length), ...varint(highest![1] - highest![0])],
      ...more.flatMap(([first, last]) => {
        const gap = below - last - 2;
        below = first;
        return [...varint(gap), ...varint(last - first)];
      }),
    ];
  },
  handshakeDone: [0x1e],
};
