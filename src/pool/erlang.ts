/** Erlang's formulas. Pure numbers: no units. */

/**
 * Erlang B: the share of arrivals that find all servers busy and leave. A. K. Erlang, "Solution of some problems in the theory
 * of probabilities of significance in automatic telephone exchanges", Elektroteknikeren 13, 1917.
 * By the recursion B(c) = a B(c-1) / (c + a B(c-1)), whose terms are all positive: no factorial, no overflow, no cancellation
 * (R. B. Cooper, Introduction to Queueing Theory, 2nd ed. 1981, section 3.3).
 * @param servers c, a whole number from 0
 * @param load a = lambda x W, above 0
 */
export function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let count = 1; count <= servers && blocked > 0; count++) blocked = (load * blocked) / (count + load * blocked);
  return blocked;
}

/**
 * Erlang C: the share of arrivals that must wait in M/M/c. From Erlang B by C = c B / (c - a (1 - B)) (Erlang 1917; Cooper 1981,
 * section 3.4).
 * @param load a = lambda x W; at or above `servers` there is no steady state and everybody waits
 */
export function erlangC(servers: number, load: number): number {
  return load >= servers ? 1 : delayFrom(erlangB(servers, load), servers, load);
}

/** Erlang C for each number of servers from the fewest that are stable, each in one step from the one before. */
export function* erlangCs(load: number): Generator<{ servers: number; delayed: number }> {
  const fewest = Math.floor(load) + 1;
  let blocked = erlangB(fewest, load);
  for (let servers = fewest; ; servers++) {
    yield { servers, delayed: delayFrom(blocked, servers, load) };
    blocked = (load * blocked) / (servers + 1 + load * blocked);
  }
}

const delayFrom = (blocked: number, servers: number, load: number): number =>
  Math.min(1, (servers * blocked) / (servers - load * (1 - blocked)));
