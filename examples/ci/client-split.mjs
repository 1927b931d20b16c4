// The same client before the fix: the verb, the key and the line's end are written one by one. With Nagle's algorithm on, as a socket
// has it by default, the second piece waits for the acknowledgement of the first, which the server's kernel delays by 40 ms.
import { run } from "./session.mjs";

await run((socket, key) => {
  socket.write("get ");
  socket.write(key);
  socket.write("\r\n");
});
