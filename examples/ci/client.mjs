// A small client of a cache, fixed: each request is written with one call.
import { run } from "./session.mjs";

await run((socket, key) => {
  socket.write(`get ${key}\r\n`);
});
