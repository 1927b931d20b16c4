/**
 * Options and facts of a connected TCP socket that Node has no call for: TCP_QUICKACK, TCP_CORK and TCP_INFO through the C
 * library's setsockopt and getsockopt (Linux, koffi). A call costs about a microsecond.
 */
import type { Socket } from "node:net";
import type { Availability, Capabilities, Capability } from "./capabilities.js";
import { type Koffi, loadKoffi, type Unavailable } from "./koffi.js";

/** The part of `struct tcp_info` (linux/tcp.h) that we use. Counters are since the connection was made. */
export interface TcpInfo {
  /** Bytes that this kernel filled in: fields behind it did not exist when the kernel was built, and read as 0. */
  readonly length: number;
  /** Retransmissions of the oldest unacknowledged segment, now. */
  readonly retransmits: number;
  readonly totalRetransmits: number;
  /** Smoothed RTT, microseconds. */
  readonly rttUs: number;
  /** Smallest RTT seen, microseconds; 4294967295 while there is no sample. */
  readonly minRttUs: number;
  readonly sndMss: number;
  readonly segsOut: number;
  readonly segsIn: number;
  readonly dataSegsOut: number;
  readonly dataSegsIn: number;
}

/** Each setter tells whether the kernel took the option: false for a socket that is closed already. */
export interface SocketOptions {
  /** TCP_QUICKACK: acknowledge at once. Not sticky: the kernel falls back to delayed ACKs by itself (tcp(7)). */
  setQuickAck(fd: number, on: boolean): boolean;
  /** TCP_CORK: send no partial segment until it is taken off, at most 200 ms (tcp(7)). */
  setCork(fd: number, on: boolean): boolean;
  /** TCP_NODELAY: Nagle's algorithm off. */
  setNoDelay(fd: number, on: boolean): boolean;
  /** TCP_INFO, or null for a socket that is closed already. */
  tcpInfo(fd: number): TcpInfo | null;
}

// linux/in.h, linux/tcp.h
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CORK = 3;
const TCP_INFO = 11;
const TCP_QUICKACK = 12;

/** Offsets in bytes within `struct tcp_info`. The struct only ever grows at its end, so they hold for every kernel. */
const OFFSET = {
  retransmits: 2,
  sndMss: 16,
  rtt: 68,
  totalRetrans: 100,
  segsOut: 136,
  segsIn: 140,
  minRtt: 148,
  dataSegsIn: 152,
  dataSegsOut: 156,
} as const;
/** Enough for every field above; the kernel cuts its answer to it. */
const TCP_INFO_BYTES = 256;

let loaded: SocketOptions | undefined;

/** The socket options of this platform, or why there are none. */
export function loadSocketOptions(): SocketOptions | Unavailable {
  if (process.platform !== "linux") return { unavailable: notLinux() };
  const koffi = loadKoffi();
  if ("unavailable" in koffi) return koffi;
  try {
    loaded ??= bind(koffi);
    return loaded;
  } catch (error) {
    return { unavailable: `the C library's socket calls cannot be bound (${(error as Error).message})` };
  }
}

function bind(koffi: Koffi): SocketOptions {
  const libc = koffi.load(null); // the process itself: it has linked its C library, be it glibc or musl
  const setsockopt = libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
  const getsockopt = libc.func("int getsockopt(int fd, int level, int name, void *value, uint32_t *length)");
  const flag = new Int32Array(1);
  const set = (fd: number, name: number, on: boolean): boolean => {
    flag[0] = on ? 1 : 0;
    return setsockopt(fd, IPPROTO_TCP, name, flag, 4) === 0;
  };
  const info = new DataView(new ArrayBuffer(TCP_INFO_BYTES));
  const bytes = new Uint8Array(info.buffer);
  const length = new Uint32Array(1);
  const u32 = (offset: number): number => info.getUint32(offset, LITTLE_ENDIAN);
  return {
    setQuickAck: (fd, on) => set(fd, TCP_QUICKACK, on),
    setCork: (fd, on) => set(fd, TCP_CORK, on),
    setNoDelay: (fd, on) => set(fd, TCP_NODELAY, on),
    tcpInfo(fd) {
      bytes.fill(0);
      length[0] = TCP_INFO_BYTES;
      if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, length) !== 0) return null;
      return {
        length: length[0],
        retransmits: info.getUint8(OFFSET.retransmits),
        totalRetransmits: u32(OFFSET.totalRetrans),
        rttUs: u32(OFFSET.rtt),
        minRttUs: u32(OFFSET.minRtt),
        sndMss: u32(OFFSET.sndMss),
        segsOut: u32(OFFSET.segsOut),
        segsIn: u32(OFFSET.segsIn),
        dataSegsOut: u32(OFFSET.dataSegsOut),
        dataSegsIn: u32(OFFSET.dataSegsIn),
      };
    },
  };
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The descriptor under a socket, for `SocketOptions`; undefined when it has none (not connected, closed, or on Windows).
 * For a TLS socket that of the TCP socket under it. `_handle.fd` is private API of Node: only this function touches it.
 */
export function fdOf(socket: Socket): number | undefined {
  const inner = socket as unknown as { _handle?: { fd?: number } | null; _parent?: Socket | null };
  const fd = inner._handle?.fd;
  if (fd !== undefined && fd >= 0) return fd;
  return inner._parent ? fdOf(inner._parent) : undefined;
}

/** What this platform can do, engines aside. Node itself sets TCP_NODELAY everywhere; the rest needs Linux and koffi. */
export function platformCapabilities(): Capabilities {
  const options = loadSocketOptions();
  const rest: Availability = "unavailable" in options ? `no: ${options.unavailable}` : "yes";
  return {
    nodelay: "yes",
    quickack: rest,
    cork: rest,
    maxSegment: rest,
    tcpInfo: rest,
    timestamping: rest,
  } satisfies Record<Capability, Availability>;
}

function notLinux(): string {
  return `Linux only (this is ${process.platform})`;
}
