/** A TCP socket of our own, beside Node's: every option before the connect, and a file descriptor that no event loop touches. */
import { isIPv6 } from "node:net";
import { ERRNO, type KernelCalls } from "./kernel-calls.js";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_RCVTIMEO = 20;
const IPPROTO_TCP = 6;
const TCP_MAXSEG = 2;
const F_SETFL = 4;
const MSG_PEEK = 0x2;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
const POLLOUT = 0x4;

/** struct sockaddr_in or sockaddr_in6. @param address a literal IPv4 or IPv6 address */
export function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(isIPv6(address) ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIPv6(address) ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (isIPv6(address)) bytes.set(ipv6Bytes(address), 8);
  else for (const [i, part] of address.split(".").entries()) bytes[4 + i] = Number(part);
  return bytes;
}

function ipv6Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const plain = address.split("%", 1)[0] ?? "";
  // An IPv4 tail (::ffff:1.2.3.4) is two groups.
  const text = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const group = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  });
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const front = groups(head);
  const back = groups(tail);
  const all = tail === undefined ? front : [...front, ...Array(8 - front.length - back.length).fill("0"), ...back];
  for (const [i, group] of all.entries()) {
    bytes[2 * i] = Number.parseInt(group, 16) >> 8;
    bytes[2 * i + 1] = Number.parseInt(group, 16) & 0xff;
  }
  return bytes;
}

/**
 * Starts a connect that does not block.
 * @returns the descriptor, or the errno that refused it at once, negative
 */
export function startConnect(
  calls: KernelCalls,
  address: Uint8Array,
  options: { nagle: boolean; maxSegment: number | undefined },
): number {
  const family = new DataView(address.buffer).getUint16(0, true);
  const fd = calls.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -calls.errno();
  calls.options.setNoDelay(fd, !options.nagle);
  // TCP_MAXSEG announces the MSS in the SYN: it must stand before the connect (tcp(7)).
  const mssTaken = options.maxSegment === undefined || setInt(calls, fd, IPPROTO_TCP, TCP_MAXSEG, options.maxSegment);
  const failed = !mssTaken || (calls.connect(fd, address, address.length) !== 0 && calls.errno() !== ERRNO.EINPROGRESS);
  if (!failed) return fd;
  const errno = calls.errno();
  calls.close(fd);
  return -errno;
}

/** Whether a connect that was started has ended: 0 well, an errno badly, EINPROGRESS not yet. */
export function connectResult(calls: KernelCalls, fd: number): number {
  if (pollOnce(calls, fd, POLLOUT, 0) === 0) return ERRNO.EINPROGRESS;
  const value = new Uint8Array(4);
  const length = new Uint8Array([4, 0, 0, 0]);
  if (calls.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length) !== 0) return calls.errno();
  return new DataView(value.buffer).getInt32(0, true);
}

/** From here reads block, for at most `timeoutMs`; MSG_DONTWAIT still makes single calls return at once. */
export function makeBlocking(calls: KernelCalls, fd: number, timeoutMs: number): void {
  calls.fcntl(fd, F_SETFL, 0);
  const timeval = new Uint8Array(16);
  const view = new DataView(timeval.buffer);
  view.setUint32(0, Math.floor(timeoutMs / 1000), true);
  view.setUint32(8, (timeoutMs % 1000) * 1000, true);
  calls.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval, 16);
}

/** Looks, without taking anything, whether an idle connection still stands. */
export function peek(calls: KernelCalls, fd: number): "open" | "closed" | "bytes" {
  const byte = new Uint8Array(1);
  const got = calls.recv(fd, byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return "bytes";
  return got < 0 && calls.errno() === ERRNO.EAGAIN ? "open" : "closed";
}

/** poll(2) on one descriptor. @returns the events that hold, 0 after the timeout */
function pollOnce(calls: KernelCalls, fd: number, events: number, timeoutMs: number): number {
  const entry = new Uint8Array(8);
  const view = new DataView(entry.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  return calls.poll(entry, 1, timeoutMs) > 0 ? view.getInt16(6, true) : 0;
}

function setInt(calls: KernelCalls, fd: number, level: number, name: number, value: number): boolean {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return calls.setsockopt(fd, level, name, bytes, 4) === 0;
}
