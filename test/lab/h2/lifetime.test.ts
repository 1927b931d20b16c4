import { describe, expect, it } from "vitest";
import { ConnectionLifetime, type LifetimeLimits } from "../../../src/lab/h2/lifetime.js";

const NONE: LifetimeLimits = {
  keepaliveTimeNs: null,
  keepaliveTimeoutNs: 20,
  maxConnectionIdleNs: null,
  maxConnectionAgeNs: null,
  maxConnectionAgeGraceNs: null,
};

/** What a client does at which time. */
type Deeds = Readonly<Record<number, (lifetime: ConnectionLifetime, nowNs: number) => void>>;
const reads = (lifetime: ConnectionLifetime, nowNs: number) => lifetime.read(nowNs);
const opens = (lifetime: ConnectionLifetime, nowNs: number) => lifetime.streams(1, nowNs);
const ends = (lifetime: ConnectionLifetime, nowNs: number) => lifetime.streams(0, nowNs);

/** Runs a connection on a clock of its own, up to 1000. @returns what was done when; it wakes only when it is due */
function run(limits: Partial<LifetimeLimits>, deeds: Deeds = {}): string[] {
  const lifetime = new ConnectionLifetime({ ...NONE, ...limits }, 0);
  const done: string[] = [];
  for (let now = 0; now <= 1000; now++) {
    deeds[now]?.(lifetime, now);
    while (lifetime.dueNs <= now) {
      const action = lifetime.tick(now);
      if (action === undefined) throw new Error(`due at ${now}, and nothing to do`);
      done.push(`${now} ${action.type}${"reason" in action ? ` ${action.reason}` : ""}`);
    }
    if (lifetime.tick(now) !== undefined) throw new Error(`acts at ${now} without being due`);
  }
  return done;
}

describe("a connection's lifetime", () => {
  it("never ends without limits", () => {
    expect(run({})).toEqual([]);
  });

  it("pings a silent client, and closes when nothing comes", () => {
    expect(run({ keepaliveTimeNs: 100 })).toEqual(["100 ping", "120 close"]);
  });

  it("takes any byte as a sign of life, and pings again so long after it", () => {
    const answers = { 50: reads, 160: reads, 275: reads };
    expect(run({ keepaliveTimeNs: 100 }, answers)).toEqual(["150 ping", "260 ping", "375 ping", "395 close"]);
  });

  it("drains a connection that is idle from its start", () => {
    expect(run({ maxConnectionIdleNs: 300 })).toEqual(["300 drain max_idle"]);
  });

  it("counts idleness from the end of the last stream, whatever is read meanwhile", () => {
    const deeds = { 200: opens, 600: ends, 700: reads };
    expect(run({ maxConnectionIdleNs: 300 }, deeds)).toEqual(["900 drain max_idle"]);
  });

  it("is not idle while a stream is open", () => {
    expect(run({ maxConnectionIdleNs: 300 }, { 100: opens })).toEqual([]);
  });

  it("drains at its age, streams or not, and closes after the grace", () => {
    const limits = { maxConnectionAgeNs: 400, maxConnectionAgeGraceNs: 50 };
    expect(run(limits, { 100: opens })).toEqual(["400 drain max_age", "450 close"]);
    expect(run({ maxConnectionAgeNs: 400 }, { 100: opens })).toEqual(["400 drain max_age"]);
  });

  it("does not ping once it drains", () => {
    expect(run({ maxConnectionIdleNs: 300, keepaliveTimeNs: 350 })).toEqual(["300 drain max_idle"]);
  });
});
