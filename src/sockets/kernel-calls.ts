/** The system calls of the kernel engine, bound once per thread (Linux, little-endian 64 bit: x64 and arm64). */
import { type Koffi, loadKoffi, type Unavailable } from "./koffi.js";
import { loadSocketOptions, type SocketOptions } from "./socket-options.js";

type Pointer = bigint;
type Memory = Pointer | Uint8Array | null;

/** Each call returns what the C library returns; on -1, `errno()` tells why. */
export interface KernelCalls {
  readonly options: SocketOptions;
  errno(): number;
  addressOf(memory: Uint8Array): Pointer;
  socket(family: number, type: number, protocol: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  fcntl(fd: number, command: number, value: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  send(fd: number, data: Memory, length: number, flags: number): number;
  recv(fd: number, data: Memory, length: number, flags: number): number;
  recvmsg(fd: number, header: Memory, flags: number): number;
  recvmmsg(fd: number, headers: Memory, count: number, flags: number, timeout: Memory): number;
  close(fd: number): number;
  poll(entries: Memory, count: number, timeoutMs: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Memory): number;
  /** epoll_pwait2 (Linux 5.11): waits with nanosecond resolution; `timeout` is a timespec. */
  epollWait(epoll: number, events: Memory, maximum: number, timeout: Memory): number;
  clockGettime(clock: number, timespec: Memory): number;
}

let bound: KernelCalls | undefined;

/** The calls, or why this machine does not have them. */
export function loadKernelCalls(): KernelCalls | Unavailable {
  if (bound !== undefined) return bound;
  const options = loadSocketOptions();
  if ("unavailable" in options) return options;
  if (process.arch !== "x64" && process.arch !== "arm64") {
    return { unavailable: `the kernel engine knows the memory layout of x64 and arm64 only (this is ${process.arch})` };
  }
  const koffi = loadKoffi();
  if ("unavailable" in koffi) return koffi;
  try {
    bound = bind(koffi, options);
    return bound;
  } catch (error) {
    return { unavailable: `a system call cannot be bound (${(error as Error).message})` };
  }
}

function bind(koffi: Koffi, options: SocketOptions): KernelCalls {
  const libc = koffi.load(null);
  // 64-bit sizes are passed as `long`: they stay JavaScript numbers.
  const wait2 = "int epoll_pwait2(int epoll, void *events, int maximum, const void *timeout, const void *signals)";
  const epollPwait2 = libc.func(wait2);
  return {
    options,
    errno: () => koffi.errno(),
    addressOf: (memory) => koffi.address(memory),
    socket: libc.func("int socket(int family, int type, int protocol)"),
    connect: libc.func("int connect(int fd, const void *address, uint32_t length)"),
    fcntl: libc.func("int fcntl(int fd, int command, int value)"),
    setsockopt: libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)"),
    getsockopt: libc.func("int getsockopt(int fd, int level, int name, void *value, void *length)"),
    send: libc.func("long send(int fd, const void *data, long length, int flags)"),
    recv: libc.func("long recv(int fd, void *data, long length, int flags)"),
    recvmsg: libc.func("long recvmsg(int fd, void *header, int flags)"),
    recvmmsg: libc.func("int recvmmsg(int fd, void *headers, uint32_t count, int flags, void *timeout)"),
    close: libc.func("int close(int fd)"),
    poll: libc.func("int poll(void *entries, long count, int timeoutMs)"),
    epollCreate: libc.func("int epoll_create1(int flags)"),
    epollControl: libc.func("int epoll_ctl(int epoll, int operation, int fd, void *event)"),
    epollWait: (epoll, events, maximum, timeout) => epollPwait2(epoll, events, maximum, timeout, null),
    clockGettime: libc.func("int clock_gettime(int clock, void *timespec)"),
  };
}

/** errno values (asm-generic/errno.h). */
export const ERRNO = {
  EINTR: 4,
  EAGAIN: 11,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
} as const;

const ERRNO_NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, number]) => [number, name]));

/** `ECONNRESET`, or `errno 12`. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}

/**
 * Memory that the kernel writes to by address. The bytes of an ArrayBuffer never move, but its address alone does not keep
 * it alive: whoever holds the address must hold this.
 */
export class PinnedMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly address: bigint;

  constructor(calls: KernelCalls, size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.address = calls.addressOf(this.bytes);
  }
}
