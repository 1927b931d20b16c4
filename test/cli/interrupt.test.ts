import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.js";
import { createUi } from "../../src/cli/ui.js";
import { EXIT, NetlatError } from "../../src/errors.js";
import { fakeHost } from "./fake-host.js";

/** Runs a command that waits for Ctrl-C and then does `afterwards`. */
async function interrupted(afterwards: () => void) {
  const host = fakeHost();
  const ui = createUi(host, "1.2.3");
  const load = async () => () =>
    new Command("wait").action(async () => {
      const { signal } = ui.interrupt;
      setImmediate(() => host.interrupt());
      await new Promise((done) => signal.addEventListener("abort", done));
      afterwards();
    });
  return { exitCode: await runProgram(["wait"], [{ name: "wait", summary: "", load }], ui), host };
}

describe("Ctrl-C", () => {
  it("lets the command finish, and then the exit code is 130", async () => {
    const { exitCode, host } = await interrupted(() => {});
    expect(exitCode).toBe(EXIT.interrupted);
    expect(host.err()).toBe("");
    expect(host.exits).toEqual([]);
  });

  it("makes an abort that comes out of the command no bug", async () => {
    const { exitCode, host } = await interrupted(() => AbortSignal.abort().throwIfAborted());
    expect(exitCode).toBe(EXIT.interrupted);
    expect(host.err()).toBe("netlat: interrupted\n");
  });

  it("does not hide a bug", async () => {
    const { exitCode } = await interrupted(() => {
      throw new TypeError("x is undefined");
    });
    expect(exitCode).toBe(EXIT.bug);
  });

  it("still says what else went wrong", async () => {
    const { exitCode, host } = await interrupted(() => {
      throw new NetlatError(EXIT.unreachable, "no sample");
    });
    expect(exitCode).toBe(EXIT.interrupted);
    expect(host.err()).toBe("netlat: no sample\n");
  });

  it("pressed twice ends the process at once", () => {
    const host = fakeHost();
    const ui = createUi(host, "1.2.3");
    const { signal } = ui.interrupt;
    expect(ui.interrupt.signal).toBe(signal);
    host.interrupt();
    expect([signal.aborted, host.exits]).toEqual([true, []]);
    host.interrupt();
    expect(host.exits).toEqual([EXIT.interrupted]);
  });
});
