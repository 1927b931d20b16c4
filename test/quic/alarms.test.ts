import { afterEach, describe, expect, it, vi } from "vitest";
import { Alarms } from "../../src/quic/alarms.js";
import { ms } from "../../src/units/duration.js";

const DAY_MS = 86_400_000;

describe("the alarms of a connection", () => {
  afterEach(() => void vi.useRealTimers());

  it("take a deadline that is further away than a timer of Node's reaches", () => {
    vi.useFakeTimers();
    const actions = { flush: vi.fn(), expire: vi.fn(), ping: vi.fn(), timeoutMs: vi.fn(() => 40 * DAY_MS) };
    const setTimer = vi.spyOn(globalThis, "setTimeout");
    const alarms = new Alarms(actions);
    alarms.follow();
    alarms.keepAlive(ms(40 * DAY_MS));
    const delaysMs = setTimer.mock.calls.map(([, delayMs]) => delayMs);
    // More than 2^31 - 1 is taken for 1.
    expect(delaysMs).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
    vi.advanceTimersByTime(25 * DAY_MS);
    expect(actions.expire).not.toHaveBeenCalled();
    alarms.clear();
    setTimer.mockRestore();
  });
});
