/** Nanoseconds of the clock that delays run on. */
export const nowNs = (): number => Number(process.hrtime.bigint());

/**
 * Calls `done` once `delayNs` have passed: a timer for all but the last two milliseconds, because timers count in whole ones,
 * then turns of the event loop, which keep the other connections served.
 * @returns a function that calls it off
 */
export function after(delayNs: number, done: () => void): () => void {
  const dueNs = process.hrtime.bigint() + BigInt(Math.round(delayNs));
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const look = (): void => {
    if (process.hrtime.bigint() >= dueNs) done();
    else turn = setImmediate(look);
  };
  const sleepMs = Math.floor(delayNs / 1e6) - 1;
  if (sleepMs >= 1) timer = setTimeout(look, sleepMs);
  else look();
  return () => {
    clearTimeout(timer);
    clearImmediate(turn);
  };
}

/** Stops the whole process: nothing runs in it until the time is over, as in a long garbage collection. */
export function stopTheWorld(durationNs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationNs / 1e6);
}
