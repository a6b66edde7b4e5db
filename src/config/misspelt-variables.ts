// Notices misspelt environment variables. Unknown ones are never refused: most of a process's environment is not meant for it. So
// this is strict about what it calls misspelt: a wrong hint at every start would be ignored, and the right ones with it.

/** Shorter names, such as HOST and PORT, are too close to ordinary ones, such as HOME and SORT. */
const shortestName = 5;
const unit = /_(?:MS|S|BYTES|PERCENT)$/;

/** A variable that nothing reads, and the known one that was probably meant. */
export interface Misspelt {
  name: string;
  nearest: string;
}

/** The variables in `given` that are not `known` but only a slip away from a known one that is not set itself. */
export function misspeltVariables(given: Readonly<Record<string, string>>, known: readonly string[]): Misspelt[] {
  const candidates = known.filter((name) => name.length >= shortestName && !(name in given));
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const [nearest] = candidates
        .map((candidate) => ({ candidate, edits: slips(name, candidate) }))
        .filter(({ edits }) => edits <= 2)
        .sort((a, b) => a.edits - b.edits);
      return nearest === undefined ? [] : [{ name, nearest: nearest.candidate }];
    });
}

/** The number of edits between two names; infinite when they differ by more than slips of the keyboard. */
function slips(name: string, known: string): number {
  if (known.replace(unit, "") === name) return 1;
  const words = name.split("_");
  const knownWords = known.split("_");
  if (words.length !== knownWords.length) {
    return words.join("") === knownWords.join("") || edits(name, known) === 1 ? 1 : Number.POSITIVE_INFINITY;
  }
  let sum = 0;
  for (const [index, word] of knownWords.entries()) {
    const count = edits(words[index] ?? "", word);
    // Two edits make another word out of a short one: ADMIN_HOST is not a misspelt ADMIN_PORT.
    if (count > Math.max(1, Math.floor(word.length / 3))) return Number.POSITIVE_INFINITY;
    sum += count;
  }
  return sum;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `from` into `to`. */
function edits(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 2) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped =
        from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? (beforeLast[j - 2] ?? Number.POSITIVE_INFINITY) + 1
          : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}
