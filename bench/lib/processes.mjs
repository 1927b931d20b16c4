/** Child processes of the bench: every one that is started is stopped, whatever happens. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const running = new Set();
let stopping = false;

function start(command, words, stdio) {
  if (stopping) throw new Error("the bench is being stopped");
  const child = spawn(command, words, { stdio });
  running.add(child);
  child.on("close", () => running.delete(child));
  child.on("error", () => running.delete(child));
  return child;
}

/**
 * Runs a command to its end and gives its standard output; an exit code other than 0 is an error with what it said.
 * @param onStarted gets its process ID
 */
export async function run(command, words, onStarted = () => {}) {
  const child = start(command, words, ["ignore", "pipe", "pipe"]);
  onStarted(child.pid);
  const [out, err] = [[], []];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => err.push(chunk));
  const [code, signal] = await once(child, "close");
  if (code === 0) return Buffer.concat(out).toString();
  const said = Buffer.concat(err).toString().trim().split("\n").slice(0, 3).join(" ");
  throw new Error(`${command} ${words.slice(0, 6).join(" ")} …: ${signal ?? `exit ${code}`}: ${said}`);
}

/** Starts a server that prints the port it listens on as `listening PORT`; its standard input stays open. */
export async function serverThatTellsItsPort(command, words) {
  const { said, stop } = await serverThatPrints(command, words);
  return { port: Number(/listening (\d+)/.exec(said)[1]), stop };
}

/** Starts a server that says where it listens; its standard input stays open. @param stderr `ignore`: what it says besides is not shown */
export async function serverThatPrints(command, words, stderr = "inherit") {
  const child = start(command, words, ["pipe", "pipe", stderr]);
  const failed = once(child, "close").then(([code]) => Promise.reject(new Error(`${command}: ended with ${code}`)));
  failed.catch(() => {});
  const [line] = await Promise.race([once(child.stdout, "data"), failed]);
  return { said: String(line), pid: child.pid, stop: () => stop(child) };
}

/** Starts a server on `port` and waits until something accepts there, or until `answers(port)` says that it does. */
export async function serverOnPort(command, words, port, { answers = accepts, stderr = "inherit" } = {}) {
  const child = start(command, words, ["ignore", "ignore", stderr]);
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) break;
    if (await answers(port)) return { port, stop: () => stop(child) };
    await sleep(50);
  }
  await stop(child);
  throw new Error(`${command}: nothing listens on port ${port}`);
}

function accepts(port) {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => socket.destroy() && done(true));
    socket.on("error", () => done(false));
  });
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function stop(child) {
  if (!running.has(child)) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 2000);
  await closed;
  clearTimeout(patience);
}

/** Stops what runs, and lets nothing start any more. */
export async function stopAll() {
  stopping = true;
  await Promise.all([...running].map(stop));
}

export function installed(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}
