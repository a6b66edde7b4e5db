// When requests arrive. As independent clients do (Poisson), not evenly spaced: a service that is well below its capacity on
// average still meets bursts, its queue is there for them, and evenly spaced requests would hide how it does then.

/**
 * Milliseconds from the start, in order: so many as `perSecond` and `seconds` make, exactly. The same `seed` gives the same
 * ones, so that two runs can be compared.
 */
export function arrivals(perSecond: number, seconds: number, seed: number): Float64Array {
  const count = Math.max(1, Math.round(perSecond * seconds));
  const random = numbers(seed);
  const times = new Float64Array(count);
  let at = 0;
  for (let index = 0; index < count; index++) {
    at += -Math.log(1 - random());
    times[index] = at;
  }
  // Fixing their number leaves it Poisson: where they lie is as random as before.
  const scale = (seconds * 1000) / (at - Math.log(1 - random()));
  return times.map((time) => time * scale);
}

/** From 0 up to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
