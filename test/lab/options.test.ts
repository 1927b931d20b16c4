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
    "split-response=20,480": { splitResponse: [20, 480] },
    "close-after=7": { closeAfter: 7 },
    "pause=1s": { pauseNs: 1e9 },
    "pause-after=50": { pauseAfter: 50 },
    "garbage=on": { garbage: true },
    "cut-answer": { cutAnswer: true },
    "silent=off": { silent: false },
  };
  const FOR_TCP = { "quickack=on": { quickack: true }, "nagle=on": { nagle: true } };
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
  const FOR_QUIC = {
    "max-streams=7": { maxStreams: 7 },
    "ack-delay=50ms": { ackDelay: { advertisedNs: 25e6, realNs: 50e6 } },
    retry: { retry: true },
    "early-data=off": { earlyData: false },
    "rotate-tickets=2": { rotateTickets: 2 },
    "loss=0.02": { loss: 0.02 },
    "loss-in=5%25": { lossIn: 0.05 },
    "loss-out=0": { lossOut: 0 },
    "seed=9": { seed: 9 },
    "idle-timeout=5s": { idleTimeoutNs: 5e9 },
    "congestion=bbr": { congestion: "bbr" },
  };
  const TLS = { tls: { tls: true } };
  it.each([
    ["http", { ...FOR_ALL, ...FOR_TCP, ...FOR_HTTP, ...TLS }],
    ["h2c", { ...FOR_ALL, ...FOR_TCP, ...FOR_HTTP, ...FOR_H2 }],
    ["h3", { ...FOR_ALL, ...FOR_HTTP, ...FOR_QUIC }],
    ["doq", { ...FOR_ALL, ...FOR_QUIC }],
    ["quic", { ...FOR_ALL, ...FOR_QUIC, "alpn=a,b": { alpn: ["a", "b"] } }],
    ["grpc", { ...FOR_ALL, ...FOR_TCP, ...FOR_H2, ...TLS, "grpc-unimplemented": { grpcUnimplemented: true } }],
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
      "lab:mysql: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo, lab:h2, lab:h2c, lab:grpc, lab:h3, lab:quic, lab:doq",
    ],
    [
      "lab:",
      "lab:: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo, lab:h2, lab:h2c, lab:grpc, lab:h3, lab:quic, lab:doq",
    ],
    ["lab:echo?speed=1", /^lab:echo\?speed: the lab has no such option; echo has host, port, think, /],
    ["lab:echo?nagle=maybe", "lab:echo?nagle maybe: neither on nor off; use on or off"],
    ["lab:echo?think=5", /^lab:echo\?think 5: not a duration; /],
    ["lab:echo?think=2h", "lab:echo?think 2h: too long; use 1h at most"],
    ["lab:echo?think-every=0", "lab:echo?think-every 0: use a whole number from 1 to 1000000000"],
    ["lab:echo?port=70000", "lab:echo?port 70000: use a whole number from 0 to 65535"],
    ["lab:echo?split-response=0,4", /^lab:echo\?split-response 0,4: not a list of sizes; /],
    ["lab:http?value-size=65MiB", "lab:http?value-size 65MiB: too large; use 64 MiB at most"],
    ["lab:echo?value-size=5", "lab:echo?value-size: does not fit echo; it is for memcached, redis, http, h2, h2c, h3"],
    ["lab:http?max-streams=5", "lab:http?max-streams: does not fit http; it is for h2, h2c, grpc, h3, quic, doq"],
    ["lab:h2?grpc-unimplemented", "lab:h2?grpc-unimplemented: does not fit h2; it is for grpc"],
    ["lab:h2?tls", "lab:h2?tls: h2 is HTTP/2 over TLS already; leave it out"],
    ["lab:h2c?tls", "lab:h2c?tls: h2c is HTTP/2 in clear text; use h2 for HTTP/2 over TLS"],
    ["lab:h2c?over-limit=ignore", "lab:h2c?over-limit ignore: use refuse, reset-protocol-error, goaway or close"],
    ["lab:h2c?window=0", "lab:h2c?window 0: too small; use 1 B at least"],
    ["lab:h2c?hold-window=1us", "lab:h2c?hold-window 1us: too short; use 1ms at least"],
    ["lab:h2c?hold-window=always", /^lab:h2c\?hold-window always: not a duration or never; /],
    ["lab:grpc?max-connection-age=0ms", "lab:grpc?max-connection-age 0ms: too short; use 1ms at least"],
    ["lab:h3?tls", "lab:h3?tls: QUIC has TLS inside; leave it out"],
    ["lab:doq?nagle=on", "lab:doq?nagle: is TCP's, and doq travels over QUIC; leave it out"],
    ["lab:h3?alpn=x", "lab:h3?alpn: does not fit h3; it is for quic"],
    ["lab:echo?retry", "lab:echo?retry: does not fit echo; it is for h3, quic, doq"],
    ["lab:quic?alpn=a%20b", /^lab:quic\?alpn a b: not names/],
    ["lab:h3?loss=2", "lab:h3?loss 2: not a share; use a number from 0 to below 1, such as 0.02, or 2%"],
    ["lab:h3?ack-delay=1ms/2ms/3ms", "lab:h3?ack-delay 1ms/2ms/3ms: use one duration, or two as in 25ms/50ms"],
    ["lab:h3?ack-delay=20s", "lab:h3?ack-delay 20s: too long; use 16383ms at most"],
    ["lab:h3?ack-delay=soon", /^lab:h3\?ack-delay soon: not a duration; /],
    ["lab:h3?rotate-tickets=0", "lab:h3?rotate-tickets 0: use a whole number from 1 to 1000000000"],
    ["lab:h3?congestion=vegas", "lab:h3?congestion vegas: use cubic, reno or bbr"],
    ["lab:h3?idle-timeout=0ms", "lab:h3?idle-timeout 0ms: too short; use 1ms at least"],
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
    const PLAIN = labOptions();
    const TLS_ON = labOptions({ tls: true });
    expect(labUrl("memcached", PLAIN, "127.0.0.1", 4)).toBe("memcached://127.0.0.1:4/lab-key");
    expect(labUrl("redis", PLAIN, "::1", 4)).toBe("redis://[::1]:4/lab-key");
    expect(labUrl("http", PLAIN, "127.0.0.1", 4)).toBe("http://127.0.0.1:4/");
    expect(labUrl("http", TLS_ON, "127.0.0.1", 4)).toBe("https://127.0.0.1:4/");
    expect(labUrl("echo", PLAIN, "127.0.0.1", 4)).toBe("tcp://127.0.0.1:4");
    expect(labUrl("h2", TLS_ON, "127.0.0.1", 4)).toBe("https://127.0.0.1:4/");
    expect(labUrl("h2c", PLAIN, "::1", 4)).toBe("h2c://[::1]:4/");
    expect(labUrl("grpc", PLAIN, "127.0.0.1", 4)).toBe("grpc://127.0.0.1:4/");
    expect(labUrl("grpc", TLS_ON, "127.0.0.1", 4)).toBe("grpcs://127.0.0.1:4/");
    expect(labUrl("echo", TLS_ON, "127.0.0.1", 4)).toBe("tls://127.0.0.1:4");
    expect(labUrl("h3", PLAIN, "127.0.0.1", 4)).toBe("h3://127.0.0.1:4/");
    expect(labUrl("doq", PLAIN, "::1", 4)).toBe("doq://[::1]:4/lab.test");
    expect(labUrl("quic", PLAIN, "127.0.0.1", 4)).toBe("quic://127.0.0.1:4?alpn=netlat");
    expect(labUrl("quic", labOptions({ alpn: ["a+b", "c"] }), "::1", 4)).toBe("quic://[::1]:4?alpn=a%2Bb");
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
