import { definePeer, tcp } from "./definition.js";

export const memcached = definePeer({
  needs: ["memcached"],
  ports: ["memcached"],
  prepare: (work) => [
    {
      program: "memcached",
      // As root it insists on -u; it stays root, since a change of user would undo the kill at the parent's death.
      args: ["-u", "root", "-l", work.address, "-p", String(work.ports.memcached), "-U", "0", "-m", "64"],
      ready: [tcp(work, "memcached")],
    },
  ],
});
