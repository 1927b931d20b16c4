/** epoll over sockets of our own, with waits of nanosecond resolution. */
import { type KernelCalls, PinnedMemory } from "./kernel-calls.js";

const EPOLL_CLOEXEC = 0o2000000;
const ADD = 1;
const DELETE = 2;
const MODIFY = 3;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLHUP = 0x10;
/** A change is told once. Stamps on the error queue raise EPOLLERR for as long as they wait there: told each time, that would be a spin. */
const EPOLLET = 2 ** 31;
const MAX_EVENTS = 64;
/** struct epoll_event is packed on x86-64 only (uapi/linux/eventpoll.h, EPOLL_PACKED). */
const EVENT_BYTES = process.arch === "x64" ? 12 : 16;
const DATA_OFFSET = process.arch === "x64" ? 4 : 8;

export class Epoll {
  readonly #calls: KernelCalls;
  readonly #fd: number;
  readonly #events: PinnedMemory;
  readonly #event: PinnedMemory;
  readonly #timeout: PinnedMemory;

  constructor(calls: KernelCalls) {
    this.#calls = calls;
    this.#fd = calls.epollCreate(EPOLL_CLOEXEC);
    this.#events = new PinnedMemory(calls, EVENT_BYTES * MAX_EVENTS);
    this.#event = new PinnedMemory(calls, EVENT_BYTES);
    this.#timeout = new PinnedMemory(calls, 16);
  }

  /** Edge-triggered. @param token a number that `wait` gives back with the descriptor's events */
  add(fd: number, token: number, events: number): void {
    this.#control(ADD, fd, token, events);
  }

  modify(fd: number, token: number, events: number): void {
    this.#control(MODIFY, fd, token, events);
  }

  remove(fd: number): void {
    this.#control(DELETE, fd, 0, 0);
  }

  /** Waits at most `timeoutNs`, then tells how many descriptors are ready; their tokens are in `token(i)`. */
  wait(timeoutNs: number): number {
    const whole = Math.floor(timeoutNs / 1e9);
    this.#timeout.view.setUint32(0, whole, true);
    this.#timeout.view.setUint32(8, Math.floor(timeoutNs - whole * 1e9), true);
    return this.#calls.epollWait(this.#fd, this.#events.address, MAX_EVENTS, this.#timeout.address);
  }

  token(index: number): number {
    return this.#events.view.getUint32(index * EVENT_BYTES + DATA_OFFSET, true);
  }

  events(index: number): number {
    return this.#events.view.getUint32(index * EVENT_BYTES, true);
  }

  close(): void {
    this.#calls.close(this.#fd);
  }

  #control(operation: number, fd: number, token: number, events: number): void {
    this.#event.view.setUint32(0, events + EPOLLET, true);
    this.#event.view.setUint32(DATA_OFFSET, token, true);
    this.#calls.epollControl(this.#fd, operation, fd, this.#event.address);
  }
}
