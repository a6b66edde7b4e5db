// When requests arrive: as from independent clients (Poisson), not evenly spaced. A service well below its capacity on average
// still sees bursts. Its queue is there for them, and evenly spaced requests would hide how it copes.

/**
 * Arrival times in milliseconds from the start, in order: exactly `perSecond` times `seconds` of them. The same `seed` returns
 * the same times, so two runs can be compared.
 */
export function arrivals(perSecond: number, seconds: number, seed: number): Float64Array {
  const count = Math.max(1, Math.round(perSecond * seconds));
  const random = randomNumbers(seed);
  const times = new Float64Array(count);
  let at = 0;
  for (let index = 0; index < count; index++) {
    at += -Math.log(1 - random());
    times[index] = at;
  }
  // Fixing the number keeps it Poisson: the positions stay random.
  const scale = (seconds * 1000) / (at - Math.log(1 - random()));
  return times.map((time) => time * scale);
}

/** Pseudo-random numbers in [0, 1) (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
