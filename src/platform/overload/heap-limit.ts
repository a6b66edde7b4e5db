// How full the heap may get before V8 ends the process. V8's own figures don't say: `heap_size_limit` has room for young
// objects in it, where nothing that stays can be, and V8 gives up some way before the old objects reach the rest.
const mebibyte = 2 ** 20;
/**
 * The share of its limit for old objects at which V8 has been seen to end a process first, because its collections gained
 * nothing any more (86 to 99 %, by the size of the heap and what filled it; `npm run test:faults -- test/faults/memory.test.ts`).
 */
const usableShare = 0.85;

/** What decides about the limit. Sizes in bytes. */
export interface HeapSettings {
  /** V8's own `heap_size_limit`. */
  sizeLimit: number;
  /** What the container, or without one the machine, allows. */
  memory: number;
  /** Node's options as they were given, the strongest last. */
  options: readonly string[];
}

/** What may be in use before the process is in danger, in bytes: young objects count, since they may all become old at once. */
export function usableHeap(settings: HeapSettings): number {
  return usableShare * oldSpaceLimit(settings);
}

/** V8's limit for old objects, in bytes. */
export function oldSpaceLimit({ sizeLimit, memory, options }: HeapSettings): number {
  // Node takes the quotes of NODE_OPTIONS away.
  const text = options.join(" ").replaceAll('"', "");
  const percentage = optionOf("max-old-space-size-percentage", text);
  if (percentage !== undefined) return Math.min(sizeLimit, (percentage / 100) * memory);
  const size = optionOf("max-old-space-size", text);
  // To V8, 0 is not given.
  if (size !== undefined && size > 0) return Math.min(sizeLimit, size * mebibyte);
  return sizeLimit - youngLimit(sizeLimit, optionOf("max-semi-space-size", text));
}

/** Three semi-spaces: their size, if not given, is 1, 16, 32 or 64 MiB, by the size of the heap. */
function youngLimit(sizeLimit: number, semiSpaceMb: number | undefined): number {
  if (semiSpaceMb !== undefined) return 3 * semiSpaceMb * mebibyte;
  const size = sizeLimit / mebibyte;
  if (size <= 260) return 3 * mebibyte;
  if (size <= 560) return 48 * mebibyte;
  return size <= 1120 ? 96 * mebibyte : 192 * mebibyte;
}

/** The last one counts. V8 takes `_` for `-`, and a space for `=`. */
function optionOf(name: string, text: string): number | undefined {
  const pattern = new RegExp(`--${name.replaceAll("-", "[-_]")}[= ]([\\d.]+)`, "g");
  const value = [...text.matchAll(pattern)].at(-1)?.[1];
  return value === undefined ? undefined : Number(value);
}
