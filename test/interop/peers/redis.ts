import { definePeer, tcp } from "./definition.js";

export const redis = definePeer({
  needs: ["redis-server"],
  ports: ["redis"],
  prepare: (work) => [
    {
      program: "redis-server",
      args: ["--port", String(work.ports.redis), "--bind", work.address, "--save", "", "--dir", work.folder],
      ready: [tcp(work, "redis")],
    },
  ],
});
