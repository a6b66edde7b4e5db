// The range of a random count, so that a test of sampling can be strict without failing by chance.

/**
 * The range that a count out of `trials`, each with probability `p`, leaves with a probability of at most `falseAlarm`. Exact
 * (binomial distribution), up to a few thousand trials.
 */
export function countBounds(trials: number, p: number, falseAlarm: number): { least: number; most: number } {
  const chances = [(1 - p) ** trials];
  for (let count = 1; count <= trials; count += 1) {
    chances.push(((chances[count - 1] ?? 0) * (trials - count + 1) * p) / (count * (1 - p)));
  }
  return { least: tail(chances, falseAlarm / 2), most: trials - tail(chances.reverse(), falseAlarm / 2) };
}

/** How many of the lowest counts are together less likely than `chance`. */
function tail(chances: readonly number[], chance: number): number {
  let sum = 0;
  return chances.findIndex((one) => {
    sum += one;
    return sum > chance;
  });
}
