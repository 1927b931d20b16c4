import { describe, expect, it } from "vitest";
import { type ChosenEngine, chooseEngine, type EngineChoice, widest } from "../../src/probes/engines.js";
import { parseEndpoint } from "../../src/protocols/endpoint.js";

const choose = (choice: EngineChoice, endpoint: string, pipeline?: number): ChosenEngine =>
  chooseEngine(choice, parseEndpoint(endpoint), pipeline);

describe("the engine of an endpoint", () => {
  it.each([
    ["auto", "h3://h", "quiche", "quic"],
    ["auto", "doq://h", "quiche", "quic"],
    ["auto", "h2c://h", "net", "h2"],
    ["net", "h2c://h", "net", "h2"],
    ["auto", "tls://h:1", "net", "turns"],
    ["net", "tcp://h:1", "net", "turns"],
  ] as [EngineChoice, string, string, string][])("%s for %s", (choice, endpoint, name, carries) => {
    expect(choose(choice, endpoint)).toMatchObject({ name, carries });
  });

  it.each([
    ["net", "h3://h", "--engine net: not possible here: QUIC runs on quiche; leave it out, or write --engine auto"],
    [
      "kernel",
      "doq://h",
      "--engine kernel: not possible here: QUIC runs on quiche; leave it out, or write --engine auto",
    ],
    [
      "kernel",
      "h2c://h",
      "--engine kernel: not possible here: HTTP/2 runs on the net engine; use --engine net or auto",
    ],
    ["kernel", "tls://h:1", "--engine kernel: not possible here: TLS runs on the net engine; use --engine net or auto"],
  ] as [EngineChoice, string, string][])("%s is refused for %s", (choice, endpoint, message) => {
    expect(() => choose(choice, endpoint)).toThrow(message);
  });
});

describe("one engine for several endpoints", () => {
  const [turns, streams, quic] = [choose("net", "tls://h:1"), choose("net", "h2c://h"), choose("auto", "h3://h")];

  it("is the one that can run all of them, whatever their order", () => {
    expect(widest([turns, streams])).toBe(streams);
    expect(widest([streams, turns])).toBe(streams);
    expect(widest([turns, quic])).toBe(quic);
    expect(widest([quic, streams])).toBe(quic);
    expect(widest([turns])).toBe(turns);
  });
});
