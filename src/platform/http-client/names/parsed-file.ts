// A small file of the system's that is read again when it changes, such as /etc/hosts. Read at once and in place: asking for
// it asynchronously would need one of the very threads that slow look-ups block.
import { readFileSync, statSync } from "node:fs";

/** How long a change may stay unseen. */
const checkEveryMs = 1000;

export class ParsedFile<Parsed> {
  readonly #path: string;
  readonly #parse: (text: string) => Parsed;
  #parsed: Parsed;
  #version = "";
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, parse: (text: string) => Parsed) {
    this.#path = path;
    this.#parse = parse;
    this.#parsed = parse("");
  }

  /** What the file says, as of a second ago at most; a file that can't be read is empty. */
  get(now: number = performance.now()): Parsed {
    if (now - this.#checkedAt < checkEveryMs) return this.#parsed;
    this.#checkedAt = now;
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const version = `${ino} ${size} ${mtimeMs}`;
      if (version !== this.#version) this.#parsed = this.#parse(readFileSync(this.#path, "utf8"));
      this.#version = version;
    } catch {
      this.#parsed = this.#parse("");
      this.#version = "";
    }
    return this.#parsed;
  }
}
