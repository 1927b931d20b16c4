import { spawn } from "node:child_process";

const MAX_OUTPUT = 512 * 1024 * 1024;

/**
 * Runs a command to its end, or ends it after `limitMs`.
 * @returns exit code (null: ended by a signal), standard output and error, whether the limit was reached, and the time taken
 */
export function bounded(command, words, limitMs) {
  return new Promise((done) => {
    const started = performance.now();
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
    const [out, err] = [[], []];
    let [bytes, timedOut] = [0, false];
    const clock = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, limitMs);
    const keep = (list) => (chunk) => {
      bytes += chunk.length;
      if (bytes <= MAX_OUTPUT) list.push(chunk);
    };
    child.stdout.on("data", keep(out));
    child.stderr.on("data", keep(err));
    const finish = (code, signal, says) => {
      clearTimeout(clock);
      const stderr = says ?? Buffer.concat(err).toString();
      done({
        code,
        signal,
        timedOut,
        stdout: Buffer.concat(out).toString(),
        stderr,
        tookMs: performance.now() - started,
      });
    };
    child.on("error", (error) => finish(null, null, error.message));
    child.on("close", (code, signal) => finish(code, signal));
  });
}

/** Runs `work` on every item, `width` at a time, results in the order of the items. */
export async function pooled(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
