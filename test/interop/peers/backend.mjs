// An HTTP/1.1 server on a Unix socket: node backend.mjs SOCKET FOLDER. GET serves the folder's files from memory, POST answers
// "posted" when its body has come.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const [socket, folder] = process.argv.slice(2);
const files = new Map(readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]));
files.set("/", files.get("/index.html"));

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "text/plain", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer((request, response) => {
  request.resume().once("end", () => {
    if (request.method === "POST") return answer(response, 200, "posted\n");
    const body = files.get(request.url);
    return body === undefined ? answer(response, 404, "not found\n") : answer(response, 200, body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(socket);
