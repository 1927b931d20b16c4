import { createServer } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadKernelCalls } from "../../src/sockets/kernel-calls.js";
import { connectResult, makeBlocking, socketAddress, startConnect } from "../../src/sockets/kernel-socket.js";
import { enableTimestamps, StampedReceiver, StampQueue, WallClock } from "../../src/sockets/kernel-timestamps.js";
import { onlyIf } from "../skip.js";

const calls = loadKernelCalls();
const possible = onlyIf(!("unavailable" in calls), "unavailable" in calls ? calls.unavailable : "");

describe("socket addresses", () => {
  test("IPv4", () => {
    expect([...socketAddress("127.0.0.1", 11211)]).toEqual([2, 0, 0x2b, 0xcb, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("IPv6, short and long forms", () => {
    const bytes = (address: string) => [...socketAddress(address, 80)].slice(8, 24);
    expect(bytes("::1")).toEqual([...Array(15).fill(0), 1]);
    expect(bytes("2001:db8::8:800:200c:417a")).toEqual(bytes("2001:db8:0:0:8:800:200c:417a"));
    expect(bytes("::ffff:1.2.3.4").slice(10)).toEqual([255, 255, 1, 2, 3, 4]);
    expect(bytes("fe80::1%lo")).toEqual(bytes("fe80::1"));
  });

  test("every IPv6 address survives its text forms", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const bytes = socketAddress(address, 1).slice(8, 24);
        expect(bytes).toHaveLength(16);
        const groups = Array.from({ length: 8 }, (_, i) =>
          (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
        );
        expect(socketAddress(groups.join(":"), 1).slice(8, 24)).toEqual(bytes);
      }),
    );
  });
});

describe("a socket of our own", possible, () => {
  if ("unavailable" in calls) return;

  test("connects, is stamped by the kernel when it sends and is acknowledged, and reads with an arrival time", async () => {
    const server = createServer({ noDelay: true }, (socket) => socket.on("data", (data) => socket.write(data)));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    const fd = startConnect(calls, socketAddress("127.0.0.1", port), { nagle: false, maxSegment: 536 });
    expect(fd).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(connectResult(calls, fd)).toBe(0);
    makeBlocking(calls, fd, 1000);
    expect(enableTimestamps(calls, fd)).toBe(true);
    expect(calls.options.tcpInfo(fd)?.sndMss).toBeLessThanOrEqual(536);
    // The kernel begins to stamp arrivals a moment after the first socket on the machine has asked for it (net_enable_timestamp).
    await new Promise((resolve) => setTimeout(resolve, 50));
    const clock = new WallClock(calls);
    const offsetNs = clock.offsetFrom(() => performance.now() * 1e6);
    const startNs = performance.now() * 1e6 + offsetNs;
    expect(calls.send(fd, new TextEncoder().encode("hello"), 5, 0)).toBe(5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const receiver = new StampedReceiver(calls, 4096, clock.epochSeconds);
    expect(receiver.receiveStamped(fd, 0)).toBe(5);
    expect(new TextDecoder().decode(receiver.buffer.subarray(0, 5))).toBe("hello");
    const stamps: [kind: string, id: number, atNs: number][] = [];
    new StampQueue(calls, clock.epochSeconds).drain(fd, {
      onSent: (id, atNs) => stamps.push(["sent", id, atNs]),
      onAcknowledged: (id, atNs) => stamps.push(["acked", id, atNs]),
    });
    // The id is the offset of the write's last byte.
    expect(stamps.map(([kind, id]) => [kind, id])).toEqual([
      ["sent", 4],
      ["acked", 4],
    ]);
    const [sent, acked] = stamps.map(([, , atNs]) => atNs) as [number, number];
    expect(sent - startNs).toBeGreaterThan(-1e6);
    expect(acked).toBeGreaterThanOrEqual(sent);
    expect(receiver.arrivedNs).toBeGreaterThanOrEqual(sent);
    expect(receiver.arrivedNs - startNs).toBeLessThan(1e9);
    calls.close(fd);
    server.close();
  });
});
