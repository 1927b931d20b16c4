// What both versions of the client share: a connection, and one request after the other, as many as were asked for.
//   node client.mjs 127.0.0.1:11211 60
import { once } from "node:events";
import { connect } from "node:net";

/** @param {(socket: import("node:net").Socket, key: string) => void} ask writes one request */
export async function run(ask) {
  const [address = "127.0.0.1:11211", requests = "60"] = process.argv.slice(2);
  const [host, port] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect");
  const startMs = performance.now();
  for (let request = 0; request < Number(requests); request++) {
    ask(socket, "greeting");
    await answer(socket);
  }
  const eachMs = (performance.now() - startMs) / Number(requests);
  console.log(`${requests} requests, ${eachMs.toFixed(2)} ms each`);
  socket.end();
}

async function answer(socket) {
  for (let text = ""; !text.endsWith("END\r\n"); ) text += (await once(socket, "data"))[0];
}
