/**
 * HTTP/3 clients for the bench, each a process of its own. gtlsclient's own clock ticks in milliseconds and it asks for all that it
 * may at once, so its figures are taken from outside, as the difference between a long and a short run: in that its start-up, its
 * handshake and the 20 ms for which version 0.12.1 holds its first request back on loopback cancel out. Times to the microsecond come from
 * bench/c/quic-client.c, on the same libraries. No client checks the certificate: gtlsclient cannot.
 */
import { compile } from "./c-programs.mjs";
import { placed } from "./placement.mjs";
import { installed, run } from "./processes.mjs";

const LIBRARIES = ["-lngtcp2", "-lngtcp2_crypto_gnutls", "-lgnutls"];
const WARM_UP = 100;

/** @returns the C client as a function of its arguments; one that always fails where it cannot be compiled */
function cClient(placement) {
  let program;
  let trouble = "no C compiler; install gcc";
  try {
    program = compile(["quic-client"], LIBRARIES)?.["quic-client"];
  } catch {
    trouble = "it needs libngtcp2-dev and libngtcp2-crypto-gnutls-dev (scripts/peers.sh)";
  }
  return async (...words) => {
    if (program === undefined) throw new Error(trouble);
    return JSON.parse(await runPlaced(placement, [program, ...words]));
  };
}

const runPlaced = (placement, words, onStarted) => {
  const [command, ...rest] = placed(placement, "client", words.map(String));
  return run(command, rest, onStarted);
};

/** netlat as a function of a port, a path and more arguments: the only run of its report, which must have answered all. */
export function netlatClient(program, placement) {
  return async (port, path, words, onStarted) => {
    const endpoint = [`h3://127.0.0.1:${port}${path}`, "--sni", "localhost", "--insecure"];
    const command = [process.execPath, program, "probe", ...endpoint, "--split", "none", "--format", "json", ...words];
    const [only] = JSON.parse(await runPlaced(placement, command, onStarted)).runs;
    const failed = Object.values(only.errors).some((count) => count > 0);
    if (failed) throw new Error(`netlat probe ${endpoint[0]}: ${JSON.stringify(only.errors)}`);
    return only;
  };
}

/** First Initial until the handshake is complete at the client: p50 and p99 of connections one after the other. */
export function handshakeClients({ port, netlat, count, placement }) {
  const c = cClient(placement);
  const probe = netlatClient(netlat, placement);
  return {
    "C client": () => c(port, "handshake", count),
    netlat: async () => {
      const words = ["--reuse", "off", "--warmup", 0, "--requests", count];
      const { p50, p99 } = (await probe(port, "/small", words)).phases.handshake;
      return { p50, p99 };
    },
  };
}

/** One request after the other on one connection: p50 and p99 until the end of the answer. */
export function sequentialClients({ port, netlat, requests, placement }) {
  const c = cClient(placement);
  const probe = netlatClient(netlat, placement);
  return {
    "C client": () => c(port, "/small", WARM_UP, requests),
    netlat: async () => {
      const { latency } = await probe(port, "/small", ["--warmup", WARM_UP, "--requests", requests]);
      return { p50: latency.p50, p99: latency.p99 };
    },
  };
}

/** As many streams at once as the server allows: requests per second. @param peerRequests so many that a process's start-up is little beside them */
export function rateClients({ port, netlat, streams, requests, peerRequests, placement }) {
  const probe = netlatClient(netlat, placement);
  return {
    ...(installed("gtlsclient") ? { gtlsclient: () => gtlsclientRate(port, "/small", peerRequests, placement) } : {}),
    netlat: async () => {
      const words = ["--streams", streams, "--warmup", Math.ceil(WARM_UP / streams), "--requests", requests];
      return { perSecond: (await probe(port, "/small", words)).ratePerSecond };
    },
  };
}

/** `count` times a large file: bytes of content per second. gtlsclient asks for all of them at once, the others in turn. */
export function downloadClients({ port, path, bytes, netlat, count, placement }) {
  const c = cClient(placement);
  const probe = netlatClient(netlat, placement);
  return {
    ...(installed("gtlsclient")
      ? {
          gtlsclient: async () => {
            const { perSecond } = await gtlsclientRate(port, path, count, placement);
            return { perSecond: perSecond * bytes };
          },
        }
      : {}),
    "C client": async () => {
      const { answerBytes, seconds } = await c(port, path, 1, count);
      if (answerBytes < bytes * count) throw new Error(`${answerBytes} bytes came, not ${bytes * count}`);
      return { perSecond: answerBytes / seconds };
    },
    netlat: async () => {
      const { quic } = await probe(port, path, ["--warmup", 1, "--requests", count]);
      return { perSecond: quic.goodputBytesPerSecond };
    },
  };
}

/** --ack-thresh=1: with one stream at a time the server waits for the acknowledgement before it allows the next. */
async function gtlsclientRate(port, path, requests, placement) {
  const seconds = async (count) => {
    const words = ["gtlsclient", "-q", "--ack-thresh=1", "--exit-on-all-streams-close", `--nstreams=${count}`];
    const startMs = performance.now();
    await runPlaced(placement, [...words, "--sni=localhost", "127.0.0.1", port, `https://localhost:${port}${path}`]);
    return (performance.now() - startMs) / 1e3;
  };
  const [short, long] = [await seconds(1), await seconds(requests + 1)];
  return { perSecond: requests / (long - short) };
}
