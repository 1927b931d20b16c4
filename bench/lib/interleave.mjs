import { shuffled } from "./statistics.mjs";

/**
 * Runs every client once per round, in random order. One that fails is left out from there on, and the reason kept: the others still count.
 * @param clients name -> function that measures once and gives an object of numbers
 * @returns the rounds (name -> numbers) of the clients that came through, and the reasons of the others
 */
export async function interleave(clients, rounds) {
  const [measured, notMeasured] = [[], {}];
  for (let round = 0; round < rounds; round++) {
    const took = {};
    for (const name of shuffled(Object.keys(clients))) {
      if (notMeasured[name] !== undefined) continue;
      try {
        took[name] = await clients[name]();
      } catch (error) {
        notMeasured[name] = error.message;
        process.exitCode = 1;
        console.log(`${name}: not measured: ${error.message}`);
      }
    }
    measured.push(took);
  }
  const names = Object.keys(clients).filter((name) => notMeasured[name] === undefined);
  const kept = measured.map((took) => Object.fromEntries(names.map((name) => [name, took[name]])));
  return { names, rounds: kept, notMeasured };
}
