import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { isLabEndpoint, labUrl, parseLabEndpoint } from "../../src/lab/endpoint.js";
import { LAB_KINDS } from "../../src/lab/kinds.js";
import { LAB_OPTIONS, labOptions, parseLabOptions } from "../../src/lab/options.js";

describe("a lab endpoint", () => {
  it.each(LAB_KINDS)("lab:%s is a server with nothing special", (kind) => {
    expect(parseLabEndpoint(`lab:${kind}`)).toEqual({ kind, options: labOptions() });
  });

  const FOR_ALL = {
    "host=::1": { host: "::1" },
    "port=4000": { port: 4000 },
    "think=5ms": { thinkNs: 5e6 },
    "think-every=10": { thinkEvery: 10 },
    "quickack=on": { quickack: true },
    "nagle=on": { nagle: true },
    "split-response=20,480": { splitResponse: [20, 480] },
    "close-after=7": { closeAfter: 7 },
    "pause=1s": { pauseNs: 1e9 },
    "pause-after=50": { pauseAfter: 50 },
    "garbage=on": { garbage: true },
    "cut-answer": { cutAnswer: true },
    "silent=off": { silent: false },
  };
  const FOR_HTTP = {
    "value-size=4KiB": { valueBytes: 4096 },
    "slow=1s": { slowNs: 1e9 },
    "big-size=1MiB": { bigBytes: 1024 ** 2 },
  };
  const FOR_H2 = {
    "max-streams=7": { maxStreams: 7 },
    "over-limit=reset-protocol-error": { overLimit: "reset-protocol-error" },
    "window=1MiB": { windowBytes: 1024 ** 2 },
    "hold-window=never": { holdWindowNs: "never" },
    "header-list-size=8KiB": { headerListBytes: 8192 },
    "goaway-after=3": { goawayAfter: 3 },
    "split-frames=on": { splitFrames: true },
    "keepalive-time=10ms": { keepaliveTimeNs: 10e6 },
    "keepalive-timeout=20ms": { keepaliveTimeoutNs: 20e6 },
    "max-connection-idle=30ms": { maxConnectionIdleNs: 30e6 },
    "max-connection-age=40ms": { maxConnectionAgeNs: 40e6 },
    "max-connection-age-grace=50ms": { maxConnectionAgeGraceNs: 50e6 },
    "enforcement-min-time=0ms": { enforcementMinTimeNs: 0 },
    "permit-without-stream=on": { permitWithoutStream: true },
  };
  const TLS = { tls: { tls: true } };
  it.each([
    ["http", { ...FOR_ALL, ...FOR_HTTP, ...TLS }],
    ["h2c", { ...FOR_ALL, ...FOR_HTTP, ...FOR_H2 }],
    ["grpc", { ...FOR_ALL, ...FOR_H2, ...TLS, "grpc-unimplemented": { grpcUnimplemented: true } }],
  ])("of %s takes every option of its kind in its query", (kind, parts) => {
    const query = Object.keys(parts).join("&");
    const fitting = Object.values(LAB_OPTIONS).filter(
      (option) => option.kinds === undefined || (option.kinds as readonly string[]).includes(kind),
    );
    expect(fitting.map(({ name }) => name).sort()).toEqual(
      Object.keys(parts)
        .map((part) => part.split("=")[0])
        .sort(),
    );
    expect(parseLabEndpoint(`lab:${kind}?${query}`).options).toEqual({
      ...labOptions(),
      ...Object.assign({}, ...Object.values(parts)),
    });
  });

  it.each([
    [
      "lab:mysql",
      "lab:mysql: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo, lab:h2, lab:h2c, lab:grpc",
    ],
    ["lab:", "lab:: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo, lab:h2, lab:h2c, lab:grpc"],
    ["lab:echo?speed=1", /^lab:echo\?speed: the lab has no such option; echo has host, port, think, /],
    ["lab:echo?nagle=maybe", "lab:echo?nagle maybe: neither on nor off; use on or off"],
    ["lab:echo?think=5", /^lab:echo\?think 5: not a duration; /],
    ["lab:echo?think=2h", "lab:echo?think 2h: too long; use 1h at most"],
    ["lab:echo?think-every=0", "lab:echo?think-every 0: use a whole number from 1 to 1000000000"],
    ["lab:echo?port=70000", "lab:echo?port 70000: use a whole number from 0 to 65535"],
    ["lab:echo?split-response=0,4", /^lab:echo\?split-response 0,4: not a list of sizes; /],
    ["lab:http?value-size=65MiB", "lab:http?value-size 65MiB: too large; use 64 MiB at most"],
    ["lab:echo?value-size=5", "lab:echo?value-size: does not fit echo; it is for memcached, redis, http, h2, h2c"],
    ["lab:http?max-streams=5", "lab:http?max-streams: does not fit http; it is for h2, h2c, grpc"],
    ["lab:h2?grpc-unimplemented", "lab:h2?grpc-unimplemented: does not fit h2; it is for grpc"],
    ["lab:h2?tls", "lab:h2?tls: h2 is HTTP/2 over TLS already; leave it out"],
    ["lab:h2c?tls", "lab:h2c?tls: h2c is HTTP/2 in clear text; use h2 for HTTP/2 over TLS"],
    ["lab:h2c?over-limit=ignore", "lab:h2c?over-limit ignore: use refuse, reset-protocol-error, goaway or close"],
    ["lab:h2c?window=0", "lab:h2c?window 0: too small; use 1 B at least"],
    ["lab:h2c?hold-window=1us", "lab:h2c?hold-window 1us: too short; use 1ms at least"],
    ["lab:h2c?hold-window=always", /^lab:h2c\?hold-window always: not a duration or never; /],
    ["lab:grpc?max-connection-age=0ms", "lab:grpc?max-connection-age 0ms: too short; use 1ms at least"],
    ["lab:echo?host=a/b", /^lab:echo\?host a\/b: not a host; /],
    ["lab:echo?think=1ms&think=2ms", "lab:echo?think: given twice; give it once"],
  ])("%s is a usage error", (text, message) => {
    expect(isLabEndpoint(text)).toBe(true);
    expect(() => parseLabEndpoint(text)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });

  it("is read or refused, never more than that", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("lab:", "lab:echo?", "lab:redis?think=", "lab:http?pause-after=&", "lab:h2c?hold-window="),
        fc.string(),
        (start, rest) => {
          try {
            parseLabEndpoint(start + rest);
          } catch (error) {
            expect(error).toBeInstanceOf(NetlatError);
          }
        },
      ),
    );
  });

  it("is probed at a URL of its own", () => {
    expect(labUrl("memcached", false, "127.0.0.1", 4)).toBe("memcached://127.0.0.1:4/lab-key");
    expect(labUrl("redis", false, "::1", 4)).toBe("redis://[::1]:4/lab-key");
    expect(labUrl("http", false, "127.0.0.1", 4)).toBe("http://127.0.0.1:4/");
    expect(labUrl("http", true, "127.0.0.1", 4)).toBe("https://127.0.0.1:4/");
    expect(labUrl("echo", false, "127.0.0.1", 4)).toBe("tcp://127.0.0.1:4");
    expect(labUrl("h2", true, "127.0.0.1", 4)).toBe("https://127.0.0.1:4/");
    expect(labUrl("h2c", false, "::1", 4)).toBe("h2c://[::1]:4/");
    expect(labUrl("grpc", false, "127.0.0.1", 4)).toBe("grpc://127.0.0.1:4/");
    expect(labUrl("grpc", true, "127.0.0.1", 4)).toBe("grpcs://127.0.0.1:4/");
    expect(labUrl("echo", true, "127.0.0.1", 4)).toBe("tls://127.0.0.1:4");
  });
});

describe("the options of a lab", () => {
  it("name a flag in the error as it was typed", () => {
    expect(() => parseLabOptions("echo", [["quickack", "yes"]], (name) => `--${name}`)).toThrow(
      "--quickack yes: neither on nor off; use on or off",
    );
  });

  it("have fallbacks that travel to another process unchanged", () => {
    expect(JSON.parse(JSON.stringify(labOptions()))).toEqual(labOptions());
  });
});
