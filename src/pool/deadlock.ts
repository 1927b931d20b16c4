/** Tasks that hold several connections at once can wait for each other for ever. */
import type { PoolReport } from "../report/pool-model.js";
import { counted } from "./littles-law.js";

/**
 * The floor below which a deadlock can happen: each of `tasks` holds all but one of its `perTask` connections and waits for the last; one connection
 * more lets one of them finish. tasks x (perTask - 1) + 1 (HikariCP, "About Pool Sizing"; the safe state of E. W. Dijkstra's banker, EWD 108, 1965).
 * @param perTask whole, from 1
 * @param tasks at once, whole, from 1
 */
export const deadlockFloor = (perTask: number, tasks: number): number => tasks * (perTask - 1) + 1;

export function deadlock(
  { perTask, tasks }: { readonly perTask: number; readonly tasks: number },
  connections: number | null,
): NonNullable<PoolReport["deadlock"]> {
  const floor = deadlockFloor(perTask, tasks);
  const safe = connections === null ? null : connections >= floor;
  const formula = `${tasks} x (${perTask} - 1) + 1 = ${floor}`;
  const says =
    safe === false
      ? `deadlock possible: ${tasks} tasks that hold ${perTask} connections each need at least ${formula}, and there are ${connections}`
      : `no deadlock with at least ${counted(floor)}: ${formula} for ${tasks} tasks that hold ${perTask} each`;
  return { perTask, tasks, floor, safe, says };
}
