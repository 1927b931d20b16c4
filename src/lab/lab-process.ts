/** The program of a lab server's own process: `launchLab` forks it. */
import { EXIT, NetlatError } from "../errors.js";
import type { StartedMessage, StartMessage } from "./messages.js";
import { startLab } from "./server.js";

process.on("SIGINT", () => {}); // Ctrl-C goes to both of us: the one who started us writes its report first, then ends us
process.on("disconnect", () => process.exit(0));
process.once("message", async ({ kind, options }: StartMessage) => {
  const tell = (message: StartedMessage): void => void process.send?.(message);
  try {
    const { address, port } = await startLab(kind, options);
    tell({ state: "listening", address, port });
  } catch (error) {
    const exitCode = error instanceof NetlatError ? error.exitCode : EXIT.bug;
    tell({ state: "failed", exitCode, message: error instanceof Error ? error.message : String(error) });
  }
});
