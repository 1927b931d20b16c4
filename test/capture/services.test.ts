import { describe, expect, test } from "vitest";
import { Services } from "../../src/capture/services/services.js";
import { begin, exchange, type OpenFlow } from "../detect/capture/script.js";

const make = (maxServices = 1000, flowsShown = 5): Services =>
  new Services({ slowServerNs: 5e6, flowsShown, maxServices });
const at = (port: number, address = "10.0.0.1"): Partial<OpenFlow> => ({ b: { address, port } });

describe("services", () => {
  test("are named by what most of their connections speak, and by the server's end", () => {
    const services = make();
    for (const [protocol, times] of [
      ["unknown", 5],
      ["http1", 1],
      ["redis", 3],
      ["redis", 1],
    ] as const) {
      const on = begin(services, { ...at(6379), protocol });
      for (let i = 0; i < times; i++) services.exchange(exchange(on));
    }
    services.exchange(exchange(begin(services, { ...at(443, "2001:db8::1"), protocol: "unknown" })));
    expect(services.list(new Set()).map(({ id, exchanges }) => [id, exchanges])).toEqual([
      ["redis 10.0.0.1:6379", 10],
      ["tcp [2001:db8::1]:443", 1],
    ]);
  });

  test("belong to the lower port while nobody knows the client, and follow when it is known", () => {
    const services = make();
    const on = begin(services, { client: null });
    expect(services.of(on).endpoint).toBe("10.0.0.1:11211");
    on.client = 1;
    expect(services.of(on).endpoint).toBe(`10.0.0.9:${on.a.port}`);
  });

  test("of QUIC stand beside those of TCP on the same port, also when nothing in them could be read", () => {
    const services = make();
    services.exchange(exchange(begin(services, { ...at(443), protocol: "h2" })));
    const [h3, closed] = [
      begin(services, { ...at(443), protocol: "h3" }),
      begin(services, { ...at(853), protocol: "doq" }),
    ];
    expect(services.quicStarted(h3)).not.toBeNull();
    services.exchange(exchange(h3));
    for (const flow of [h3, closed]) services.flowEnded(flow);
    expect(services.list(new Set()).map(({ id, exchanges }) => [id, exchanges])).toEqual([
      ["h2 10.0.0.1:443", 1],
      ["h3 10.0.0.1:443", 1],
      ["doq 10.0.0.1:853", 0],
    ]);
    services.settle();
    expect(services.quicSubjects().map(({ run, latency }) => [run, latency.count])).toEqual([
      ["h3 10.0.0.1:443", 1],
      ["doq 10.0.0.1:853", 0],
    ]);
    expect([services.flows, services.quicFlows, services.tcpAsked]).toEqual([1, 2, 1]);
  });

  test("of QUIC take at most half of the places", () => {
    const services = make(10);
    for (let port = 1; port <= 30; port++) services.flowEnded(begin(services, { ...at(port), protocol: "quic" }));
    services.exchange(exchange(begin(services, at(6379))));
    const list = services.list(new Set());
    expect(list.filter(({ quic }) => quic !== null)).toHaveLength(6);
    expect(list.find(({ id }) => id === "quic other")?.quicEnded).toBe(25);
    expect(list.some(({ endpoint }) => endpoint === "10.0.0.1:6379")).toBe(true);
  });

  test("beyond the bound are one, and no exchange is lost", () => {
    const services = make(10);
    for (let port = 1; port <= 50; port++) {
      const on = begin(services, at(port));
      services.exchange(exchange(on));
      services.flowEnded(on);
    }
    const list = services.list(new Set());
    expect(list).toHaveLength(11);
    expect(list[0]).toMatchObject({ endpoint: "other", exchanges: 40 });
    expect(list.reduce((sum, service) => sum + service.exchanges, 0)).toBe(50);
  });

  test("that refuse a port scan do not take the places of those that answer", () => {
    const services = make(20);
    for (let port = 1; port <= 1000; port++) {
      const on = begin(services, { ...at(port), handshakeRttNs: null, bytes: 0 });
      services.reset(on, 1, 2, 0, true);
      services.flowEnded(on);
    }
    for (let port = 2001; port <= 2010; port++) services.exchange(exchange(begin(services, at(port))));
    const list = services.list(new Set());
    expect(list.filter(({ exchanges }) => exchanges > 0)).toHaveLength(10);
    expect(list.reduce((sum, { refused }) => sum + refused, 0)).toBe(1000);
  });

  test("arrival rate by the spacing of requests, L by integration, whatever the order of the ends", () => {
    const services = make();
    const flows = Array.from({ length: 4 }, () => begin(services));
    const ended = flows.flatMap((on, i) =>
      Array.from({ length: 25 }, (_, j) => exchange(on, { atMs: j * 40 + i * 10, latencyMs: 20 })),
    );
    for (const one of ended) services.exchange(one);
    const [service] = services.list(new Set());
    expect(service?.arrivalPerSecond).toBeCloseTo(100, 5);
    expect(service?.meanInFlight).toBeCloseTo(2, 1);
    expect(service?.inFlight.max).toBe(2);
  });

  test("keep a bounded number of flows, the worst; none is shown when none is asked for", () => {
    for (const flowsShown of [0, 5]) {
      const services = make(1000, flowsShown);
      for (let i = 0; i < 200; i++) {
        const on = begin(services);
        for (let j = 0; j <= i % 10; j++)
          services.exchange(exchange(on, { serverMs: i === 150 ? 50 : 0, latencyMs: 51 }));
        if (i % 2 === 0) services.flowEnded(on);
      }
      const shown = services
        .shownFlows()
        .map(({ exchanges }) => [exchanges.breakdownNs.server, exchanges.latency.count]);
      expect(shown).toEqual(
        [
          [50e6, 1],
          [0, 10],
          [0, 10],
          [0, 10],
          [0, 10],
        ].slice(0, flowsShown),
      );
    }
  });
});
