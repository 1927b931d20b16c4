import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { isLabEndpoint, labUrl, parseLabEndpoint } from "../../src/lab/endpoint.js";
import { LAB_KINDS, LAB_OPTIONS, labOptions, parseLabOptions } from "../../src/lab/options.js";

describe("a lab endpoint", () => {
  it.each(LAB_KINDS)("lab:%s is a server with nothing special", (kind) => {
    expect(parseLabEndpoint(`lab:${kind}`)).toEqual({ kind, options: labOptions() });
  });

  it("takes every option in its query", () => {
    const query =
      "host=::1&port=4000&think=5ms&think-every=10&quickack=on&nagle=on&split-response=20,480&close-after=7&pause=1s" +
      "&pause-after=50&garbage=on&cut-answer&silent=off&value-size=4KiB&tls";
    expect(query.split("&")).toHaveLength(Object.keys(LAB_OPTIONS).length);
    expect(parseLabEndpoint(`lab:memcached?${query}`).options).toEqual({
      host: "::1",
      port: 4000,
      thinkNs: 5e6,
      thinkEvery: 10,
      quickack: true,
      nagle: true,
      splitResponse: [20, 480],
      closeAfter: 7,
      pauseNs: 1e9,
      pauseAfter: 50,
      garbage: true,
      cutAnswer: true,
      silent: false,
      valueBytes: 4096,
      tls: true,
    });
  });

  it.each([
    ["lab:mysql", "lab:mysql: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo"],
    ["lab:", "lab:: not a lab server; use lab:memcached, lab:redis, lab:http, lab:echo"],
    ["lab:echo?speed=1", /^lab:echo\?speed: the lab has no such option; it has host, port, think, /],
    ["lab:echo?nagle=maybe", "lab:echo?nagle maybe: neither on nor off; use on or off"],
    ["lab:echo?think=5", /^lab:echo\?think 5: not a duration; /],
    ["lab:echo?think=2h", "lab:echo?think 2h: too long; use 1h at most"],
    ["lab:echo?think-every=0", "lab:echo?think-every 0: use a whole number from 1 to 1000000000"],
    ["lab:echo?port=70000", "lab:echo?port 70000: use a whole number from 0 to 65535"],
    ["lab:echo?split-response=0,4", /^lab:echo\?split-response 0,4: not a list of sizes; /],
    ["lab:echo?value-size=65MiB", "lab:echo?value-size 65MiB: too large; use 64 MiB at most"],
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
        fc.constantFrom("lab:", "lab:echo?", "lab:redis?think=", "lab:http?pause-after=&"),
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
    expect(labUrl("echo", true, "127.0.0.1", 4)).toBe("tls://127.0.0.1:4");
  });
});

describe("the options of a lab", () => {
  it("name a flag in the error as it was typed", () => {
    expect(() => parseLabOptions([["quickack", "yes"]], (name) => `--${name}`)).toThrow(
      "--quickack yes: neither on nor off; use on or off",
    );
  });

  it("have fallbacks that travel to another process unchanged", () => {
    expect(JSON.parse(JSON.stringify(labOptions()))).toEqual(labOptions());
  });
});
