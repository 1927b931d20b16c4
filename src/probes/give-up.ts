/** When a lane should stop asking: a target that never once answered will not start to, and nobody should wait to see it. */
import { failureOf } from "./samples.js";

/** Failures in a row, by kind, without a single answer before; other kinds are quick, and worth counting to the end. */
const PATIENCE: Readonly<Record<string, number>> = { timeout: 2, refused: 3, unreachable: 3, tls: 3 };

export class GiveUp {
  #answered = false;
  #inARow = 0;

  /** @param status as in SampleColumns. @returns true: nothing more is to be learnt from this lane */
  note(status: number): boolean {
    const failure = failureOf(status);
    if (failure === undefined || failure === "error-answer") {
      this.#answered = true;
      return false;
    }
    this.#inARow++;
    return !this.#answered && this.#inARow >= (PATIENCE[failure] ?? Number.POSITIVE_INFINITY);
  }
}
