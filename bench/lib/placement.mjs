/**
 * Where the scheduler puts client and server decides a round trip over loopback more than any client does: on one core it is a
 * context switch, on two it is an interrupt to a sleeping core, up to ten times as much, and left alone the scheduler flips between
 * them. So the bench pins them: `apart` (as client and server stand in life), `together` (the least round trip, where a client's own
 * cost shows most), `free` where taskset or a second core is missing.
 */
import { cpus } from "node:os";
import { installed } from "./processes.mjs";

export function placements(asked) {
  if (asked !== undefined) return [asked];
  return cpus().length > 1 && installed("taskset") ? ["apart", "together"] : ["free"];
}

/** The command that runs `words` as the client or the server of a placement. */
export function placed(placement, role, words) {
  if (placement === "free") return words;
  const core = placement === "apart" && role === "client" ? "1" : "0";
  return ["taskset", "-c", core, ...words];
}
