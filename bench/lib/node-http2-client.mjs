/** What a program on node:http2 sees: `node node-http2-client.mjs URL STREAMS WARM_UP REQUESTS CA`, latencies as JSON. */
import { readFileSync } from "node:fs";
import http2 from "node:http2";

const [url, streamsText, warmUpText, requestsText, caFile] = process.argv.slice(2);
const [streams, warmUp, requests] = [streamsText, warmUpText, requestsText].map(Number);
const { origin, pathname, protocol } = new URL(url);
const session = http2.connect(origin, protocol === "https:" ? { ca: readFileSync(caFile) } : {});
const latenciesNs = [];
let begun = 0;
let ended = 0;
let fromNs = 0;

function ask() {
  if (begun === warmUp + requests) return;
  const number = begun++;
  if (number === warmUp) fromNs = performance.now() * 1e6;
  const startNs = performance.now() * 1e6;
  const stream = session.request({ ":path": pathname });
  stream.resume();
  stream.on("end", () => {
    const nowNs = performance.now() * 1e6;
    if (number >= warmUp) latenciesNs.push(Math.round(nowNs - startNs));
    if (++ended === warmUp + requests) {
      session.close();
      console.log(JSON.stringify({ latenciesNs, seconds: (nowNs - fromNs) / 1e9 }));
    } else {
      ask();
    }
  });
}

session.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
session.once("remoteSettings", () => {
  for (let stream = 0; stream < streams; stream++) ask();
});
