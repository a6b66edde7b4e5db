// How full the heap may get before V8 aborts the process. V8's own figures don't tell: `heap_size_limit` includes the young
// generation, which holds nothing for long, and V8 gives up before old objects fill the rest.
const mebibyte = 2 ** 20;
/**
 * The share of the old-space limit that is safe to use. V8 has been seen to abort at 86 to 99 %, depending on the size of the
 * heap and what fills it, because collections no longer freed anything (`npm run test:faults -- test/faults/memory.test.ts`).
 */
const usableShare = 0.85;

/** What determines the limit. Sizes in bytes. */
export interface HeapSettings {
  /** V8's own `heap_size_limit`. */
  sizeLimit: number;
  /** The memory limit of the container, or the machine's memory without one. */
  memory: number;
  /** Node's options as set, in increasing precedence. */
  options: readonly string[];
}

/** How many bytes of heap are safe to use. Young objects count too: all of them may be promoted at once. */
export function usableHeap(settings: HeapSettings): number {
  return usableShare * oldSpaceLimit(settings);
}

/** V8's limit for the old space, in bytes. */
export function oldSpaceLimit({ sizeLimit, memory, options }: HeapSettings): number {
  // Node strips the quotes in NODE_OPTIONS.
  const text = options.join(" ").replaceAll('"', "");
  const percentage = optionOf("max-old-space-size-percentage", text);
  if (percentage !== undefined) return Math.min(sizeLimit, (percentage / 100) * memory);
  const size = optionOf("max-old-space-size", text);
  // V8 treats 0 as unset.
  if (size !== undefined && size > 0) return Math.min(sizeLimit, size * mebibyte);
  return sizeLimit - youngLimit(sizeLimit, optionOf("max-semi-space-size", text));
}

/** The young generation's three semi-spaces. Their default size is 1, 16, 32 or 64 MiB, depending on the heap. */
function youngLimit(sizeLimit: number, semiSpaceMb: number | undefined): number {
  if (semiSpaceMb !== undefined) return 3 * semiSpaceMb * mebibyte;
  const size = sizeLimit / mebibyte;
  if (size <= 260) return 3 * mebibyte;
  if (size <= 560) return 48 * mebibyte;
  return size <= 1120 ? 96 * mebibyte : 192 * mebibyte;
}

/** The last occurrence wins. V8 accepts `_` for `-`, and a space for `=`. */
function optionOf(name: string, text: string): number | undefined {
  const pattern = new RegExp(`--${name.replaceAll("-", "[-_]")}[= ]([\\d.]+)`, "g");
  const value = [...text.matchAll(pattern)].at(-1)?.[1];
  return value === undefined ? undefined : Number(value);
}
