import { describe, expect, test } from "vitest";
import { GET, MS, Network, POST } from "./network.js";

const body = (bytes: number) => new Uint8Array(bytes).fill(0x61);

describe("sending", () => {
  test("data that waits for the stream's window says so, for how long, and the stream sums it up", () => {
    const net = new Network({ server: { settings: { initialWindowBytes: 10_000 } } }).run();
    const stream = net.client.request({ headers: POST, body: body(25_000) }, net.nowNs)!;
    net.run();
    const blocked = net.clientSide.of("blocked").filter(({ direction }) => direction === "send");
    const released = net.clientSide.of("released").filter(({ direction }) => direction === "send");
    // 10,000 of 25,000 at once; each further part one round trip later.
    expect(blocked.map(({ on }) => on)).toEqual(["stream", "stream"]);
    expect(released.map(({ blockedNs }) => blockedNs)).toEqual([2 * MS, 2 * MS]);
    expect(stream.sendStallNs).toEqual({ stream: 4 * MS, connection: 0 });
    expect(net.serverSide.content.get(1)).toHaveLength(25_000);
  });

  test("data that waits for the connection's window says that", () => {
    const net = new Network({ server: { settings: { initialWindowBytes: 1_000_000 } } }).run();
    const [first, second] = [1, 2].map(() => net.client.request({ headers: POST, body: body(45_000) }, net.nowNs)!);
    net.run();
    const blocked = net.clientSide.of("blocked").map(({ on, stream }) => `${on} ${stream?.id}`);
    expect([...new Set(blocked)]).toEqual(["connection 3"]);
    expect(first!.sendStallNs).toEqual({ stream: 0, connection: 0 });
    expect(second!.sendStallNs).toEqual({ stream: 0, connection: 2 * MS });
  });

  test("a setting that shrinks the window below zero is borne, and one that opens it releases", () => {
    const net = new Network({ server: { windowPolicy: "manual" } }).run();
    const stream = net.client.request({ headers: POST, body: body(65_535 + 10) }, net.nowNs)!;
    net.run();
    expect(stream.sendWindow).toBe(0);
    net.server.giveWindow(undefined, 1000, net.nowNs);
    net.server.changeSettings({ initialWindowBytes: 100 }, net.nowNs);
    net.run();
    expect(stream.sendWindow).toBe(100 - 65_535);
    net.server.changeSettings({ initialWindowBytes: 65_545 }, net.nowNs);
    net.run();
    expect(stream).toMatchObject({ state: "half-closed-local", sentBytes: 65_545 });
  });

  test("several streams take turns, frame by frame, once the first output has gone", () => {
    const windows = { settings: { initialWindowBytes: 1 << 22 }, connectionWindowBytes: 1 << 22 };
    const net = new Network({ server: windows }).run();
    for (let i = 0; i < 2; i++) net.client.request({ headers: POST, body: body(16_384 * 40) }, net.nowNs);
    net.run();
    const data = net.clientSide.sent.filter((frame) => frame.startsWith("DATA"));
    expect(data).toHaveLength(80);
    expect(data.slice(20, 24).sort()).toEqual(["DATA 1", "DATA 1", "DATA 3", "DATA 3"]);
    expect(data.slice(40, 44).sort()).toEqual(["DATA 1", "DATA 1", "DATA 3", "DATA 3"]);
  });

  test("a large body lies in the output only in part, so that a small request can overtake the rest", () => {
    const net = new Network({
      server: { settings: { initialWindowBytes: 1 << 24 }, connectionWindowBytes: 1 << 24 },
    }).run();
    net.client.request({ headers: POST, body: body(10_000_000) }, net.nowNs);
    const first = net.client.takeOutput(net.nowNs)!;
    expect(first.bytes.length).toBeLessThan(300_000);
    net.client.request({ headers: GET }, net.nowNs);
    const order = net.client.takeOutput(net.nowNs)!.frames.map(({ streamId }) => streamId);
    expect(order.indexOf(3)).toBeLessThan(order.length);
    expect(net.client.sender.waitingBytes).toBeGreaterThan(9_000_000);
    expect(net.clientSide.of("blocked")).toEqual([]);
  });
});

describe("receiving", () => {
  const download = (windowPolicy: number | "manual", bytes: number) => {
    const net = new Network({ client: { windowPolicy } }).serve(body(bytes)).run();
    net.client.request({ headers: GET }, net.nowNs);
    return net.run();
  };

  test.each([
    [0, 8],
    [0.5, 4],
    [1, 2],
  ])("windows are given back at the fraction %d of them", (policy, least) => {
    const net = download(policy, 200_000);
    const given = net.clientSide.of("window-update").filter(({ by, stream }) => by === "us" && stream !== undefined);
    expect(given.length).toBeGreaterThanOrEqual(least);
    expect(net.clientSide.content.get(1)).toHaveLength(200_000);
    const increments = given.map(({ increment }) => increment);
    expect(Math.min(...increments)).toBeGreaterThanOrEqual(policy * 65_535);
  });

  test("a window that the peer uses up, and how long until its next DATA", () => {
    const net = download(1, 150_000);
    expect(net.clientSide.of("blocked").map(({ direction, on }) => [direction, on])).toEqual(
      [1, 2].flatMap(() => [
        ["receive", "connection"],
        ["receive", "stream"],
      ]),
    );
    // The WINDOW_UPDATE goes there, the DATA comes back.
    expect(net.client.windows.stallNs).toEqual({ stream: 4 * MS, connection: 4 * MS });
  });

  test("by hand only, with `manual`", () => {
    const net = download("manual", 100_000);
    expect(net.clientSide.content.get(1)).toHaveLength(65_535);
    const stream = [...net.client.streams.values()][0]!;
    net.client.giveWindow(undefined, 40_000, net.nowNs);
    net.client.giveWindow(stream, 40_000, net.nowNs);
    net.run();
    expect(net.clientSide.content.get(1)).toHaveLength(100_000);
  });

  test("a larger connection window is announced with the SETTINGS", () => {
    const net = new Network({
      client: { connectionWindowBytes: 1 << 20, settings: { initialWindowBytes: 1 << 20 } },
    }).serve(body(500_000));
    net.client.request({ headers: GET }, 0);
    net.run();
    expect(net.serverSide.of("window-update")[0]).toMatchObject({ stream: undefined, increment: (1 << 20) - 65_535 });
    expect(net.serverSide.of("blocked")).toEqual([]);
  });
});
