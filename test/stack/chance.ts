// What a count may be by chance, so that a test of a random share can be strict and still fail for a reason only.

/**
 * The range of a count of `trials`, each of which counts with probability `p`: it is outside with a probability of at most
 * `falseAlarm`. Exact (the binomial distribution), up to some thousands of trials.
 */
export function countBounds(trials: number, p: number, falseAlarm: number): { least: number; most: number } {
  const chances = [(1 - p) ** trials];
  for (let count = 1; count <= trials; count += 1) {
    chances.push(((chances[count - 1] ?? 0) * (trials - count + 1) * p) / (count * (1 - p)));
  }
  return { least: tail(chances, falseAlarm / 2), most: trials - tail(chances.reverse(), falseAlarm / 2) };
}

/** How many of the first counts are together less likely than `chance`. */
function tail(chances: readonly number[], chance: number): number {
  let sum = 0;
  return chances.findIndex((one) => {
    sum += one;
    return sum > chance;
  });
}
