// Caches a small system file such as /etc/hosts and rereads it when it changes. Reads synchronously: an asynchronous read would
// need one of the very threads that slow lookups block.
import { readFileSync, statSync } from "node:fs";

/** How long a change may go unnoticed. */
const checkEveryMs = 1000;

/** The parsed contents of the file at a path. */
export class CachedFile<Parsed> {
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

  /** The contents, at most a second old. A file that can't be read counts as empty. */
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
