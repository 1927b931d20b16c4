import { describe, expect, it } from "vitest";
import { progressLine } from "../../src/cli/progress.js";
import { fakeHost } from "./fake-host.js";

const ERASE = "\r\u001b[2K";

describe("progress", () => {
  it("is silent where standard error is no terminal, and lines still come through", () => {
    const host = fakeHost();
    const progress = progressLine(host);
    progress.show("50 %");
    progress.above("netlat: careful\n");
    progress.clear();
    expect(host.err()).toBe("netlat: careful\n");
  });

  it("rewrites one line, cut before the last column, and stays below what is printed", () => {
    const host = fakeHost({ stderr: { isTTY: true, columns: 8 } });
    const progress = progressLine(host);
    progress.show("0123456789");
    progress.above("netlat: careful\n");
    progress.clear();
    progress.clear();
    expect(host.err()).toBe(`${ERASE}0123456${ERASE}netlat: careful\n0123456${ERASE}`);
  });

  it("counts only what is seen, and never cuts a colour's end away", () => {
    const host = fakeHost({ stderr: { isTTY: true, columns: 6 } });
    progressLine(host).show("\u001b[36m━━━\u001b[39m 50 %\u001b[2m left\u001b[22m");
    expect(host.err()).toBe(`${ERASE}\u001b[36m━━━\u001b[39m 5\u001b[2m\u001b[22m`);
  });
});
